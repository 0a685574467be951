// Goal: whoever owns a room dies while it fetches the room's state: the other process takes the room over and fetches the rest;
// nothing is lost or kept twice, and nobody in other rooms waits.
// Method: two processes on one PostgreSQL, and a resident with a room. A trigger holds the owner up at an event in the middle of the
// state; there it is killed. Somebody else goes on in a room of the other process all the time.

import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'node:test'
import { parseEventId } from '@causeway/events'
import postgres from 'postgres'
import { arrayAt, objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { Resident } from '../../packages/testkit/src/resident/resident.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { startCluster } from './cluster.ts'
import { assertMembers, membersOf } from './fast-join.ts'
import { through } from './world.ts'

const size = { joined: 900, other: 95, banned: 1_000 }

/** The number of an event in the middle of the state. No other room of the test has so many. */
const HELD_AT = 1_000

/** Milliseconds in which the owner gets there. */
const REACHED_MS_MAX = 60_000

test('the owner is killed in the middle of the state of a room that was joined fast', async (t) => {
  const ca = createTestCa()
  const cluster = await startCluster(ca)
  t.after(() => cluster.end())
  const resident = await Resident.start(ca, size)
  t.after(() => resident.close())
  const { roomId } = resident.room
  const session = postgres(cluster.database, { max: 1, onnotice: () => undefined })
  t.after(() => session.end())
  const users = [await cluster.one.registerUser('alice'), await cluster.one.registerUser('bob')] as const

  resident.hold()
  await users[0].join(roomId, [resident.serverName])
  const said = await say(users[0], roomId, 'before')
  const owner = await cluster.ownerOf(roomId)
  const heir = owner === cluster.one ? cluster.other : cluster.one
  // Somebody's membership moves on before the state is here.
  const lastSaid = parseEventId(said)
  assert(lastSaid !== undefined)
  const { event: unban, ban } = resident.room.unban({ eventId: lastSaid, depth: resident.room.last.depth + 2 }, 'banned-7')
  const sent = await resident.send(owner.serverName, `https://127.0.0.1:${owner.federationPort}`, [unban])
  assert.equal(sent.status, 200)
  const [alice, bob] = [through(users[0], heir), through(users[1], heir)]
  const elsewhere = await bob.createRoom({})
  assert.equal(await cluster.ownerOf(elsewhere), heir, 'who makes a room owns it')

  await holdUpAt(session, HELD_AT)
  resident.release()
  await reached(session)
  const done = new AbortController()
  // Each of these must be acknowledged.
  const talking = talk(bob, elsewhere, done.signal)
  await say(bob, elsewhere, 'while the room of the other process stands still')
  const [kept] = await session`SELECT count(*)::int AS n FROM events e JOIN rooms r ON r.room = e.room WHERE r.room_id = ${roomId}`
  assert(Number(kept?.['n']) > HELD_AT / 2 && Number(kept?.['n']) < HELD_AT, `${String(kept?.['n'])} events were kept so far`)
  await owner.kill()
  await session`SELECT pg_advisory_unlock(1)`

  const known = await membersOf(alice, roomId)
  done.abort()
  assert((await talking) > 0)
  assertMembers(
    resident,
    known.map((id) => (id === unban.eventId ? ban.eventId : id)),
  )
  assert(!known.includes(ban.eventId), 'what came meanwhile holds')
  const counts = await session`SELECT membership, count(*)::int AS n FROM memberships m JOIN rooms r ON r.room = m.room
    WHERE r.room_id = ${roomId} GROUP BY membership ORDER BY membership`
  assert.deepEqual(
    counts.map(({ membership, n }) => [membership, n]),
    [
      ['ban', size.banned - 1],
      ['join', size.joined + 1],
      ['leave', 1],
    ],
  )
  const [events] =
    await session`SELECT count(*)::int AS n, count(DISTINCT event_id)::int AS ids FROM events e JOIN rooms r ON r.room = e.room
    WHERE r.room_id = ${roomId}`
  assert.equal(events?.['n'], events?.['ids'], 'no event is kept twice')
  const timeline = arrayAt(objectAt(await alice.call('GET', 'v3/sync'), 'rooms', 'join', roomId), 'timeline', 'events')
  assert(
    timeline.some((event) => stringAt(event, 'event_id') === said),
    'what was said before is there',
  )
  resident.log.length = 0
  await say(alice, roomId, 'after')
  await resident.heard('event m.room.message')
})

/** One message; gives its id. */
async function say(user: MatrixClient, roomId: string, text: string): Promise<string> {
  const path = `v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${encodeURIComponent(text)}`
  return stringAt(await user.call('PUT', path, { msgtype: 'm.text', body: text }), 'event_id')
}

/** Messages one after the other until told to stop; gives how many. */
async function talk(user: MatrixClient, roomId: string, stop: AbortSignal): Promise<number> {
  let count = 0
  for (; !stop.aborted; count += 1) await say(user, roomId, `${count}`)
  return count
}

/** Whoever writes an event of this number waits until the session's lock is given back. */
async function holdUpAt(session: postgres.Sql<{}>, event: number): Promise<void> {
  await session`SELECT pg_advisory_lock(1)`
  await session.unsafe(`CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$`)
  await session.unsafe(`CREATE TRIGGER hold_up AFTER INSERT ON events FOR EACH ROW WHEN (NEW.event = ${event}) EXECUTE FUNCTION hold_up()`)
}

/** Resolves when somebody waits there. */
async function reached(session: postgres.Sql<{}>): Promise<void> {
  for (const deadline = performance.now() + REACHED_MS_MAX; ;) {
    const [row] = await session`SELECT 1 AS there FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'`
    if (row !== undefined) return
    assert(performance.now() < deadline, 'the owner does not get to the middle of the state')
    await pause(20)
  }
}
