// Goal: servers of a room tell the same of its threads, edits and references, whatever order they learnt of them in; and
// presence reaches those who share a room.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { at, objectAt, objectsAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

let transactions = 0

function relate(user: SimUser, room: string, type: string, to: string): Promise<string> {
  transactions += 1
  const edit = type === 'm.replace' ? { 'm.new_content': { msgtype: 'm.text', body: 'new' } } : {}
  const content = { msgtype: 'm.text', body: type, ...edit, 'm.relates_to': { rel_type: type, event_id: to } }
  return user.send(room, 'm.room.message', content, `r${transactions}`)
}

/** What an event is bundled with, by ids. */
async function bundle(world: World, user: SimUser, room: string, event: string): Promise<object> {
  const answer = await world.act(user.request('GET', `/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)}`))
  const relations = objectAt(answer, 'unsigned', 'm.relations')
  const thread = objectAt(relations, 'm.thread')
  return {
    edit: at(relations, 'm.replace', 'event_id'),
    latest: at(thread, 'latest_event', 'event_id'),
    count: thread['count'],
    references: objectsAt(relations, 'm.reference', 'chunk').map((reference) => reference['event_id']),
  }
}

scenario('both sides of a netsplit relate to the same event', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  const root = await world.act(alice.say(room, 'root'))
  await world.settle()
  world.cut(a, b)
  await world.act(relate(bob, room, 'm.thread', root))
  const edit = await world.act(relate(alice, room, 'm.replace', root))
  const reference = await world.act(relate(alice, room, 'm.reference', root))
  const gone = await world.act(relate(alice, room, 'm.thread', root))
  world.heal()
  await world.settle()
  const latest = await world.act(relate(bob, room, 'm.thread', root))
  await world.act(alice.redact(room, gone))
  await world.settle()
  const expected = { edit, latest, count: 2, references: [reference] }
  assert.deepEqual(await bundle(world, alice, room, root), expected)
  assert.deepEqual(await bundle(world, bob, room, root), expected)
})

scenario('a reply that is known before the root of its thread counts once the root is there', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  const root = await world.act(alice.say(room, 'root'))
  for (let n = 0; n < 30; n += 1) await world.act(alice.say(room, `message ${n}`))
  await world.act(bob.join(room, a))
  const reply = await world.act(relate(alice, room, 'm.thread', root))
  await world.settle()
  // Paging back brings the root from the other server.
  assert.ok(await world.act(bob.sees(room, root)))
  assert.deepEqual(await bundle(world, bob, room, root), { edit: undefined, latest: reply, count: 1, references: [] })
})

scenario('presence is seen on the other server, and ends', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(b.user('carol'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()
  const status = `/presence/${encodeURIComponent(alice.userId)}/status`
  await world.act(alice.request('PUT', status, { presence: 'online', status_msg: 'at work' }))
  await world.settle(5_000)
  const seen = async (): Promise<string[]> => {
    const sync = await world.act(bob.request('GET', '/sync?set_presence=offline'))
    return objectsAt(sync, 'presence', 'events').map((event) => `${stringAt(event, 'sender')} ${stringAt(event, 'content', 'presence')}`)
  }
  assert.deepEqual(await seen(), [`${alice.userId} online`])
  assert.equal((await world.act(bob.request('GET', status)))['status_msg'], 'at work')
  await assert.rejects(world.act(carol.request('GET', status)))
  await world.settle(120_000)
  assert.deepEqual(await seen(), [])
})
