// Goal: the event closest to a time is found, also where only another server has it; reading goes on from there. Who is not in
// the room learns nothing (attack P03).
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { objectsAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

type Json = Readonly<Record<string, unknown>>

function refusedWith(status: number): (error: unknown) => boolean {
  return (error) => error instanceof SimRefused && error.status === status
}

async function closest(world: World, user: SimUser, room: string, ts: number, dir: 'b' | 'f'): Promise<Json> {
  const path = `/_matrix/client/v1/rooms/${encodeURIComponent(room)}/timestamp_to_event?ts=${ts}&dir=${dir}`
  return world.act(user.request('GET', path))
}

async function timeOf(world: World, user: SimUser, room: string, event: string): Promise<number> {
  const path = `/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)}`
  return Number((await world.act(user.request('GET', path)))['origin_server_ts'])
}

scenario('in a room of our own', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.settle()
  const one = await world.act(alice.say(room, 'one'))
  await world.settle()
  const two = await world.act(alice.say(room, 'two'))
  const [first, second] = [await timeOf(world, alice, room, one), await timeOf(world, alice, room, two)]
  assert.deepEqual(await closest(world, alice, room, first, 'f'), { event_id: one, origin_server_ts: first })
  assert.equal((await closest(world, alice, room, first, 'b'))['event_id'], one)
  assert.equal((await closest(world, alice, room, first + 1, 'f'))['event_id'], two)
  assert.equal((await closest(world, alice, room, second + 1_000_000, 'b'))['event_id'], two)
  await assert.rejects(closest(world, alice, room, second + 1, 'f'), refusedWith(404))
  await assert.rejects(closest(world, alice, room, 0, 'b'), refusedWith(404))
  await assert.rejects(closest(world, bob, room, first, 'f'), refusedWith(403))
  await assert.rejects(closest(world, bob, '!none:a', first, 'f'), refusedWith(403))
  // What came before a member's time is not theirs to find.
  await world.act(alice.setState(room, 'm.room.history_visibility', { history_visibility: 'joined' }))
  await world.act(alice.say(room, 'before him'))
  await world.act(bob.join(room))
  const seen = await closest(world, bob, room, second + 1, 'f')
  assert.equal(
    (await world.act(bob.request('GET', `/rooms/${room}/event/${String(seen['event_id'])}`)))['type'],
    'm.room.history_visibility',
  )
  await world.act(bob.leave(room))
  await world.settle()
  await world.act(alice.say(room, 'after him'))
  const left = (await timeOf(world, alice, room, seen['event_id'] as string)) + 30_000
  await assert.rejects(closest(world, bob, room, left, 'f'), refusedWith(404))
})

scenario('in the time before we came, far above and below what we have', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  const early: string[] = []
  for (let n = 0; n < 5; n += 1) early.push(await world.act(alice.say(room, `early ${n}`)))
  await world.settle()
  for (let n = 0; n < 250; n += 1) await world.act(alice.say(room, `noise ${n}`))
  await world.settle()
  await world.act(bob.join(room, a))
  const third = early[2] ?? ''
  const time = await timeOf(world, alice, room, third)
  assert.deepEqual(await closest(world, bob, room, time, 'b'), { event_id: third, origin_server_ts: time })
  const context = await world.act(bob.request('GET', `/rooms/${room}/context/${third}?limit=0`))
  const page = await world.act(bob.request('GET', `/rooms/${room}/messages?dir=b&limit=2&from=${String(context['start'])}`))
  assert.deepEqual(
    objectsAt(page, 'chunk').map((event) => event['event_id']),
    [early[1], early[0]],
  )
  assert.equal((await closest(world, bob, room, time - 1, 'f'))['event_id'], third)
  // The rest fills in around it, each event once.
  const all = (await world.act(bob.timeline(room))).map((event) => event['event_id'])
  assert.equal(new Set(all).size, all.length)
  assert.deepEqual(
    all,
    (await world.act(alice.timeline(room))).map((event) => event['event_id']),
  )
})
