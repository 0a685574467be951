// Goal: what is said beside messages reaches those whom it concerns, and a server that a room keeps out is not heard in it.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'

scenario('typing and receipts of a server are not heard in a room whose ACL keeps it out', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [closed, open] = [await world.act(alice.createRoom()), await world.act(alice.createRoom())]
  for (const room of [closed, open]) await world.act(bob.join(room, a))
  const hello = new Map<string, string>()
  for (const room of [closed, open]) hello.set(room, await world.act(alice.say(room, 'hello')))
  await world.act(alice.setState(closed, 'm.room.server_acl', { allow: ['*'], deny: ['b'] }))
  await world.settle()
  for (const room of [closed, open]) {
    await world.act(bob.request('PUT', `/rooms/${room}/typing/${bob.userId}`, { typing: true, timeout: 120_000 }))
    await world.act(bob.request('POST', `/rooms/${room}/receipt/m.read/${encodeURIComponent(hello.get(room) ?? '')}`, {}))
  }
  await world.settle(5_000)
  const joined = objectAt(objectAt((await world.act(alice.request('GET', '/sync')))['rooms'])['join'])
  const heard = (room: string) => objectsAt(objectAt(objectAt(joined[room])['ephemeral']), 'events').map((event) => String(event['type']))
  assert.deepEqual(heard(open).sort(), ['m.receipt', 'm.typing'])
  assert.deepEqual(heard(closed), [])
})
