// Goal: two processes are one server; whichever dies, nothing that was acknowledged is lost, and its rooms go on in the other;
// one that was stopped for longer than its leases writes nothing that it may not, and recovers.
// Method: two processes on one PostgreSQL; the load of the kill tests through both; SIGKILL, SIGSTOP and SIGCONT; the checker.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { LoadClient } from '../../packages/testkit/src/checker/load-client.ts'
import { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import { readBack, SyncHistory } from '../../packages/testkit/src/checker/sync-history.ts'
import type { ClientEvent } from '../../packages/testkit/src/client/client-event.ts'
import { at, objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { SHARDS, startAgain, startCluster, waitForShards, type Cluster } from './cluster.ts'
import { seed, through, World } from './world.ts'

/** Milliseconds of errors at most after a process died. An idle machine needs less than ten seconds; the run tells how many. */
const OUTAGE_MS_MAX = 120_000

/** Milliseconds without news after which a process has seen what one that is gone wrote. */
const QUIET_MS = 4_000

/** Milliseconds to wait for the answer of a process that stands still: longer than it stands. */
const STOPPED_MS_MAX = 240_000

const random = new SeededRandom(seed())
let cluster: Cluster

before(async () => {
  cluster = await startCluster()
})

after(() => cluster.end())

test('two processes are one server for their users', async () => {
  const { one, other } = cluster
  const ann = await one.registerUser('ann')
  const bob = await one.registerUser('bob')
  const [annThere, bobThere] = [through(ann, other), through(bob, other)]
  // Whoever makes a room owns it, so each of these is written by another process.
  for (const [maker, joiner, makerThere] of [
    [ann, bobThere, annThere],
    [annThere, bob, ann],
  ] as const) {
    const roomId = await maker.createRoom({ preset: 'public_chat' })
    await joiner.join(roomId)
    const histories = await Promise.all([beginIn(roomId, maker), beginIn(roomId, joiner)])

    const path = `v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/across`
    const sent = await joiner.call('PUT', path, { body: 'through the one that does not own the room' })
    const repeated = await through(joiner, joiner.origin === one.origin ? other : one).call('PUT', path, { body: 'again' })
    assert.deepEqual(repeated, sent, 'a repetition through the other process is the same message')
    const second = await maker.sendText(roomId, 'through the one that does')

    for (const [history, reader] of [
      [histories[0], maker],
      [histories[1], joiner],
    ] as const) {
      // The token of one process, used at the other one, and there first at once, then with what is still on its way.
      for (const host of [one, other]) {
        const elsewhere = history.fork()
        const deadline = performance.now() + OUTAGE_MS_MAX
        while (elsewhere.room(roomId).events.length < 2 && performance.now() < deadline) await elsewhere.step(1_000, through(reader, host))
        const ids = elsewhere.room(roomId).events.map(({ eventId }) => eventId)
        assert.deepEqual(ids, [Object.values(sent ?? {})[0], second], `${reader.userId} through ${host.name}`)
      }
    }
    const [here, there] = await Promise.all([maker, makerThere].map((reader) => readBack(reader, roomId, { until: () => false })))
    const ids = (events: readonly ClientEvent[] = []): unknown[] => events.map(({ eventId, content }) => [eventId, content])
    assert.deepEqual(ids(here), ids(there))
  }
})

test('a room is upgraded through the process that does not own it', async () => {
  const { one, other } = cluster
  const [eve, fay] = [await one.registerUser('eve'), await one.registerUser('fay')]
  for (const [maker, upgrader] of [
    [eve, through(eve, other)],
    [through(eve, other), eve],
  ] as const) {
    const roomId = await maker.createRoom({ preset: 'public_chat', room_version: '11' })
    await fay.join(roomId)
    const tags = (room: string): string => `v3/user/${encodeURIComponent(fay.userId)}/rooms/${encodeURIComponent(room)}/tags`
    await fay.call('PUT', `${tags(roomId)}/m.favourite`, {})
    const answer = await upgrader.call('POST', `v3/rooms/${encodeURIComponent(roomId)}/upgrade`, { new_version: '12' })
    const made = stringAt(answer, 'replacement_room')
    for (const reader of [upgrader, maker]) await reader.waitForRoom(made, 'the new room', (room) => room.section === 'join')
    assert.equal((await upgrader.state(roomId, 'm.room.tombstone'))['replacement_room'], made)
    await fay.join(made)
    const said = await fay.sendText(made, 'here')
    for (const reader of [upgrader, maker]) await reader.waitForEvent(made, said)
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    assert.deepEqual(await fay.call('GET', tags(made)), { tags: { 'm.favourite': {} } })
  }
})

test('subscriptions to threads hold in both processes', async () => {
  const { one, other } = cluster
  const tess = await one.registerUser('tess')
  const tom = await one.registerUser('tom')
  const extension = 'io.element.msc4308.thread_subscriptions'
  const sliding = 'unstable/org.matrix.simplified_msc3575/sync'
  const body = { extensions: { [extension]: { enabled: true } } }
  for (const [maker, via] of [
    [tess, other],
    [through(tess, other), one],
  ] as const) {
    const here = through(tom, via)
    const roomId = await maker.createRoom({ preset: 'public_chat' })
    await here.join(roomId)
    const root = await maker.sendText(roomId, 'root')
    const begun = objectAt(await here.call('POST', sliding, body))
    const path = `unstable/io.element.msc4306/rooms/${encodeURIComponent(roomId)}/thread/${encodeURIComponent(root)}/subscription`
    // The process that is asked is not the one that owns the room.
    await here.call('PUT', path, {})
    assert.deepEqual(objectAt(await here.call('GET', path)), { automatic: false })
    const told = objectAt(await here.call('POST', `${sliding}?timeout=30000&pos=${encodeURIComponent(String(begun['pos']))}`, body))
    assert.equal(at(told, 'extensions', extension, 'subscribed', roomId, root, 'automatic'), false)
    const reply = { msgtype: 'm.text', body: 'reply', 'm.relates_to': { rel_type: 'm.thread', event_id: root } }
    await maker.call('PUT', `v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/reply`, reply)
    const counts = async (host: Homeserver): Promise<unknown> => {
      const synced = objectAt(await through(tom, host).call('GET', `v3/sync`))
      return at(synced, 'rooms', 'join', roomId, 'unread_notifications', 'notification_count')
    }
    for (const host of [via, via === one ? other : one]) {
      const deadline = performance.now() + OUTAGE_MS_MAX
      while ((await counts(host)) === 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
      assert.ok(Number(await counts(host)) > 0, host.name)
    }
  }
})

test('the owner is killed: its rooms go on in the other process, and nothing is lost', async (t) => {
  const { one, other } = cluster
  const world = await World.begin([other, one], { name: 'kill', clients: 4, rooms: 4, spareSessions: 1 }, random.fork())
  t.after(() => world.end())
  world.moveTo([one, other])
  const stop = new AbortController()
  let killed = 0
  let gone: Promise<unknown> = Promise.resolve()
  let acks = 0
  const refusals = await world.load(200, stop, () => {
    acks += 1
    if (acks !== 150) return
    killed = performance.now()
    gone = one.kill()
    // Those who speak to the other process go on for a while.
    setTimeout(() => stop.abort(), 1_000)
  })
  assert.deepEqual(refusals, [])
  await gone

  world.moveTo([other])
  await Promise.all(world.rooms.slice(0, -1).map((roomId, n) => sendUntilAcknowledged(world, n, roomId, killed + OUTAGE_MS_MAX)))
  console.log(`all rooms were writable again ${Math.round(performance.now() - killed)} ms after the kill`)
  assert.deepEqual(await world.repeat(), [])
  await world.check(through(world.reader, other), QUIET_MS, [other])

  await startAgain(one)
  await waitForShards(one, SHARDS / 2)
  world.moveTo([one, other])
  assert.deepEqual(await world.load(20, new AbortController(), () => undefined), [])
  await world.check(through(world.reader, one), QUIET_MS, [one, other])
})

test('the owner stands still for longer than its leases: it writes nothing that it may not, and recovers', async (t) => {
  const { one, other } = cluster
  const world = await World.begin([other, one], { name: 'stop', clients: 4, rooms: 4, spareSessions: 0 }, random.fork())
  t.after(() => world.end())
  world.moveTo([one])
  assert.deepEqual(await world.load(20, new AbortController(), () => undefined), [])

  const rooms = world.rooms.slice(0, -1)
  const inFlight = world.loads.map((load, n) => late(load, rooms, n))
  one.pause()
  const queued = world.loads.map((load, n) => late(load, rooms, n))
  await waitForShards(other, SHARDS)
  world.moveTo([other])
  assert.deepEqual(await world.load(20, new AbortController(), () => undefined), [])
  await world.check(through(world.reader, other), QUIET_MS, [other])

  one.resume()
  const outcomes = (await Promise.all([...inFlight, ...queued])).flat()
  const count = (kind: string): number => outcomes.filter((outcome) => outcome.kind === kind).length
  console.log(`what the stopped process was asked for: ${count('ack')} acknowledged, ${count('unknown')} unknown, ${count('fail')} refused`)
  await world.check(through(world.reader, other), QUIET_MS, [other])

  await recovered(one)
  world.moveTo([one, other])
  assert.deepEqual(await world.repeat(), [])
  assert.deepEqual(await world.load(20, new AbortController(), () => undefined), [])
  for (const host of [one, other]) await world.check(through(world.reader, host), QUIET_MS, [one, other])
})

/** A reader who knows the room already. Another process can be a moment behind the one that answered the join. */
async function beginIn(roomId: string, client: MatrixClient): Promise<SyncHistory> {
  const deadline = performance.now() + OUTAGE_MS_MAX
  for (;;) {
    const history = await SyncHistory.begin(client)
    if (history.knew(roomId)) return history
    assert(performance.now() < deadline, `${client.userId} is not told of the room`)
  }
}

/** Messages to all rooms through a process that stands still, or is about to. */
function late(load: LoadClient, rooms: readonly string[], n: number): Promise<Awaited<ReturnType<LoadClient['do']>>[]> {
  return Promise.all(rooms.slice(n % 2).map((roomId) => load.do(load.message(roomId), STOPPED_MS_MAX)))
}

/** One message to a room, repeated with its transaction id until it is acknowledged. Fails at the deadline. */
async function sendUntilAcknowledged(world: World, n: number, roomId: string, deadline: number): Promise<void> {
  const load = world.loads[n % world.loads.length]
  assert(load !== undefined)
  const message = load.message(roomId)
  for (;;) {
    const outcome = await load.do(message, 2_000)
    if (outcome.kind === 'ack') return
    assert(outcome.kind === 'unknown' && performance.now() < deadline, `${roomId} takes no messages: ${JSON.stringify(outcome)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A process that stood still either goes on or ends; then whoever watches over it starts it again. */
async function recovered(server: Homeserver): Promise<void> {
  try {
    server.pid()
  } catch {
    await startAgain(server)
  }
  await waitForShards(server, SHARDS / 2)
}
