// Goal: an event whose signature cannot be checked, as the server that signed it does not tell its keys, is not lost: whoever brought it
// does not bring it again.
// Method: plays in a simulated world. A server does not tell its keys; one that has them brings its events to another that has not.
import assert from 'node:assert/strict'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'
import type { SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

const minute = 60_000
const hour = 60 * minute

interface Play {
  readonly a: SimServer
  readonly alice: SimUser
  readonly bob: SimUser
  readonly room: string
}

/** Alice's room is on the servers a and r; bob, of b, joins it through r, and b tells its keys no more. */
async function joinedInSecret(world: World): Promise<Play> {
  const [a, r, b] = [await world.server('a'), await world.server('r'), await world.server('b')]
  const [alice, rita, bob] = [await world.act(a.user('alice')), await world.act(r.user('rita')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(rita.join(room, a))
  await world.settle()
  await world.act(bob.request('GET', `/profile/${rita.userId}`))
  world.network.break(b.name, /\/key\/v2\//, 503)
  await world.act(bob.join(room, r))
  await world.settle()
  assert.equal(await memberState(world, alice, room, bob), undefined)
  return { a, alice, bob, room }
}

async function memberState(world: World, user: SimUser, room: string, member: SimUser): Promise<string | undefined> {
  return (await world.act(user.state(room))).get(`m.room.member|${member.userId}`)
}

function waiting(server: SimServer): number {
  return server.rows('SELECT event_id FROM unverified_events').length
}

scenario('the key can be had again: the event is judged then, though nobody sends anything', async (world) => {
  const { a, alice, bob, room } = await joinedInSecret(world)
  assert.equal(waiting(a), 1)
  world.heal()
  await world.settle(5 * minute)
  assert.notEqual(await memberState(world, alice, room, bob), undefined)
  assert.equal(waiting(a), 0)
})

scenario('it outlives a restart', async (world) => {
  const { a, alice, bob, room } = await joinedInSecret(world)
  a.kill()
  await a.start()
  await world.settle()
  assert.equal(waiting(a), 1)
  world.heal()
  await world.settle(5 * minute)
  assert.notEqual(await memberState(world, alice, room, bob), undefined)
})

scenario('hours later, the next transaction of its server is enough', async (world) => {
  const { a, alice, bob, room } = await joinedInSecret(world)
  await world.settle(2 * hour)
  world.heal()
  await world.act(bob.say(room, 'here I am'))
  await world.settle(hour)
  assert.notEqual(await memberState(world, alice, room, bob), undefined)
  assert.equal(waiting(a), 0)
})

scenario('after a day it is let go, and comes with the next event', async (world) => {
  const { a, alice, bob, room } = await joinedInSecret(world)
  await world.settle(26 * hour)
  assert.equal(waiting(a), 0)
  world.heal()
  await world.act(bob.say(room, 'here I am'))
  await world.settle(hour)
  assert.notEqual(await memberState(world, alice, room, bob), undefined)
})

scenario('what comes before another event is not lost either, though its server did not know that we are in the room', async (world) => {
  const [a, r, d, b] = [await world.server('a'), await world.server('r'), await world.server('d'), await world.server('b')]
  const [alice, rita] = [await world.act(a.user('alice')), await world.act(r.user('rita'))]
  const [dora, bob] = [await world.act(d.user('dora')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(rita.join(room, a))
  await world.act(dora.join(room, a))
  await world.settle()
  world.cut(a, r)
  world.cut(a, d)
  const said = await world.act(dora.say(room, 'said beside the join'))
  await world.settle()
  await world.act(rita.say(room, 'follows it'))
  const last = await world.act(rita.say(room, 'is the newest'))
  world.network.break(d.name, /\/key\/v2\//, 503)
  await world.act(bob.join(room, a))
  for (const server of [r, d]) for (const [from, to] of [[a, server] as const, [server, a] as const]) world.network.mend(from.name, to.name)
  await world.settle(10 * minute)
  const standings = (event: string): unknown[] =>
    b.rows(`SELECT standing FROM events WHERE event_id = '${event}'`).map((row) => Number(row['standing']))
  assert.deepEqual(standings(last), [0])
  assert.deepEqual(standings(said), [])
  assert.equal(waiting(b), 1)
  world.heal()
  await world.settle(10 * minute)
  assert.deepEqual(standings(said), [0])
  assert.equal(waiting(b), 0)
})
