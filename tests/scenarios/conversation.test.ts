// Goal: people on two servers hold one conversation, whatever happens to wires and servers meanwhile.
// Method: plays in a simulated world: real servers above their sockets, simulated time, wires and storage.
import assert from 'node:assert/strict'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'

for (const version of ['10', '11', '12']) {
  scenario(`what is said on either side is seen on the other (room version ${version})`, async (world) => {
    const [a, b] = [await world.server('a'), await world.server('b')]
    const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
    const room = await world.act(alice.createRoom({ version }))
    await world.act(bob.join(room, a))
    const question = await world.act(alice.say(room, 'are you there?'))
    const answer = await world.act(bob.say(room, 'I am'))
    await world.settle()
    assert.ok(await world.act(bob.sees(room, question)))
    assert.ok(await world.act(alice.sees(room, answer)))
    assert.deepEqual(await alice.state(room), await bob.state(room))
  })
}

scenario('a message sent during a netsplit arrives after it, though its sender was killed and nobody says more', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))

  world.cut(a, b)
  const message = await world.act(alice.say(room, 'are you there?'))
  a.kill()
  world.heal()
  await a.start()
  await world.settle()

  assert.ok(await world.act(bob.sees(room, message)))
})

scenario('a server that was down for an hour gets all that was said, in one order', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()

  b.kill()
  const said: string[] = []
  for (let i = 0; i < 30; i += 1) said.push(await world.act(alice.say(room, `message ${i}`)))
  await world.settle(60 * 60_000)
  await b.start()
  await world.settle(2 * 60 * 60_000)

  const seen = (await world.act(bob.timeline(room))).map((event) => event['event_id'])
  assert.deepEqual(
    seen.filter((id) => typeof id === 'string' && said.includes(id)),
    said.toReversed(),
  )
})

scenario('a repeated send gets the first answer, also after a kill', async (world) => {
  const a = await world.server('a')
  const alice = await world.act(a.user('alice'))
  const room = await world.act(alice.createRoom())
  const content = { msgtype: 'm.text', body: 'once' }
  const first = await world.act(alice.send(room, 'm.room.message', content, 'same'))
  assert.equal(await world.act(alice.send(room, 'm.room.message', content, 'same')), first)
  a.kill()
  await a.start()
  assert.equal(await world.act(alice.send(room, 'm.room.message', content, 'same')), first)
  const bodies = (await world.act(alice.timeline(room))).filter((event) => event['type'] === 'm.room.message')
  assert.equal(bodies.length, 1)
})

scenario('a redaction on one side takes the words away on both', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  const slip = await world.act(bob.say(room, 'a slip of the tongue'))
  await world.settle()
  await world.act(alice.redact(room, slip))
  await world.settle()
  for (const person of [alice, bob]) {
    const event = (await world.act(person.timeline(room))).find((seen) => seen['event_id'] === slip)
    assert.deepEqual(event?.['content'], {}, person.userId)
  }
})

scenario('history from before the join is filled in', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  const early: string[] = []
  for (let i = 0; i < 20; i += 1) early.push(await world.act(alice.say(room, `before ${i}`)))
  await world.act(bob.join(room, a))
  const seen = (await world.act(bob.timeline(room))).map((event) => event['event_id'])
  assert.deepEqual(
    seen.filter((id) => typeof id === 'string' && early.includes(id)),
    early.toReversed(),
  )
})
