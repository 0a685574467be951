// Goal: EDUs that must arrive do, in order and once; others never cost more than they are worth.
// Method: the real senders over a real database, made-up peers, a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyObject, isJsonObject, parseEventId, parseRoomId, parseUserId } from '@causeway/events'
import { sql } from '../../storage/sql.ts'
import {
  pruneAllEdus,
  pruneEdus,
  pruneEdusOfStrangers,
  pruneHeavyEdus,
  pruneTransactionsOfStrangers,
  storedEdus,
} from '../../storage/tables/outbound.ts'
import { upsertRoomServer } from '../../storage/tables/rooms.ts'
import { strangersEduBytesMax } from '../limits.ts'
import type { StoredEdu } from './edu-outbox.ts'
import { SenderWorld, server } from './senders.fixture.ts'

const minute = 60_000

test('EDUs that may be lost: coalesced, held, dropped when stale or when nobody is there', async (t) => {
  const world = await new SenderWorld(t).open()
  const a = server('a.test')
  const typing = (on: boolean) => ({ type: 'm.typing', content: Object.assign(emptyObject(), { typing: on }) })
  world.senders.sendEdu([a], typing(true), { coalesceKey: 'typing r u' })
  world.senders.sendEdu([a], typing(false), { coalesceKey: 'typing r u' })
  await world.calm()
  assert.deepEqual(
    world.peers.received.map(({ body }) => body.replace(/\d{5,}/, 'N')),
    ['{"edus":[{"content":{"typing":false},"edu_type":"m.typing"}],"origin":"here.test","origin_server_ts":N,"pdus":[]}'],
  )
  world.senders.sendEdu([a], typing(true), { holdMs: 5_000 })
  await world.calm()
  assert.equal(world.peers.received.length, 1)
  await world.pass(5_000)
  assert.equal(world.peers.received.length, 2)

  // They travel with events, but never bring a transaction back to life.
  world.peers.dead('a.test')
  world.senders.sendEdu([a], typing(true))
  await world.calm()
  world.senders.sendEdu([a], typing(false))
  await world.pass(5_000)
  assert.equal(world.peers.attempts, 3)
  assert.equal(await world.count('outbound_transactions'), 0)
  assert.equal(await world.count('destinations'), 0)
})

test('receipts of a moment go together, threads apart', async (t) => {
  const world = await new SenderWorld(t).open()
  const a = server('a.test')
  const roomId = parseRoomId('!r:here.test')
  const userId = parseUserId('@u:here.test')
  const otherId = parseUserId('@v:here.test')
  const eventId = parseEventId('$e:here.test')
  const newer = parseEventId('$f:here.test')
  assert.ok(roomId !== undefined && userId !== undefined && otherId !== undefined && eventId !== undefined && newer !== undefined)
  world.senders.sendReceipt([a], { roomId, userId, eventId, ts: 1 })
  world.senders.sendReceipt([a], { roomId, userId, eventId: newer, ts: 2 })
  world.senders.sendReceipt([a], { roomId, userId: otherId, eventId, ts: 3 })
  world.senders.sendReceipt([a], { roomId, userId, eventId, threadId: '$t', ts: 4 })
  await world.calm()
  assert.equal(world.peers.received.length, 0)
  await world.pass(100)
  const body = world.peers.received[0]?.body ?? ''
  assert.ok(
    body.startsWith(
      '{"edus":[{"content":{"!r:here.test":{"m.read":{"@u:here.test":{"data":{"ts":2},"event_ids":["$f:here.test"]},"@v:here.test":{"data":{"ts":3},"event_ids":["$e:here.test"]}}}},"edu_type":"m.receipt"},' +
        '{"content":{"!r:here.test":{"m.read":{"@u:here.test":{"data":{"thread_id":"$t","ts":4},"event_ids":["$e:here.test"]}}}},"edu_type":"m.receipt"}],',
    ),
    body,
  )
})

test('EDUs that must arrive do, in order, once, through an outage and a crash; newer ones replace older ones of their key', async (t) => {
  const world = await new SenderWorld(t).open()
  const [a, b] = [server('a.test'), server('b.test')]
  const edu = (n: number | string) => ({ type: 'm.direct_to_device', content: Object.assign(emptyObject(), { n }) })
  const got = (name: string): unknown[] =>
    world.peers.transactions(name).flatMap(({ edus }) => edus.map(({ content }) => (isJsonObject(content) ? content['n'] : undefined)))
  await world.store([1, 2, 3].map((n) => ({ servers: [a, b], edu: edu(n) })))
  await world.calm()
  assert.deepEqual(
    [got('a.test'), got('b.test')],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  )
  // Not again, though the rows are not removed yet.
  await world.store([{ servers: [a], edu: edu(4) }])
  await world.calm()
  assert.deepEqual(got('a.test'), [1, 2, 3, 4])
  await world.pass(2_000)
  assert.equal(await world.count('outbound_edus'), 0)

  world.peers.dead('a.test')
  for (let n = 5; n < 130; n++) await world.store([{ servers: [a], edu: edu(n) }])
  await world.pass(3_000)
  for (const n of ['x1', 'x2', 'x3']) await world.store([{ servers: [a], edu: edu(n), coalesceKey: 'devices @u' }])
  await world.restart()
  world.peers.answers.clear()
  await world.pass(2 * minute, 10_000)
  assert.deepEqual(got('a.test'), [1, 2, 3, ...Array.from({ length: 126 }, (_, i) => i + 4), 'x3'])
  await world.pass(2_000)
  assert.equal(await world.count('outbound_edus'), 0)
  assert.equal(await world.count('outbound_transactions'), 0)
})

test('of too many EDUs for a server that is away the oldest go, but for those that have a key', async (t) => {
  const world = await new SenderWorld(t).open()
  const a = server('a.test')
  world.peers.dead('a.test')
  const edu = (n: number) => ({ type: 'm.direct_to_device', content: Object.assign(emptyObject(), { n }) })
  await world.store([{ servers: [a], edu: edu(0), coalesceKey: 'devices @u' }])
  for (let n = 1; n < 10; n++) await world.store([{ servers: [a], edu: edu(n) }])
  await world.db.commit({ steps: [{ query: pruneEdus('a.test', world.db.slot, 3) }] })
  const left = await storedEdus(world.db, 'a.test', world.db.slot, { position: 0, seq: 0 }, 100)
  assert.deepEqual(
    left.map(({ json }) => JSON.parse(json).content.n),
    [0, 6, 7, 8, 9],
  )
  // By their bytes as well; the one with which they are too many stays.
  const bytes = left.slice(1).reduce((sum, { json }) => sum + json.length, 0)
  await world.db.commit({ steps: [{ query: pruneHeavyEdus('a.test', world.db.slot, bytes / 2 - 1) }] })
  assert.deepEqual(
    (await storedEdus(world.db, 'a.test', world.db.slot, { position: 0, seq: 0 }, 100)).map(({ json }) => JSON.parse(json).content.n),
    [0, 8, 9],
  )
})

test('D18: what is kept for servers that share no room with us is bounded in all, what is for others stays', async (t) => {
  const world = await new SenderWorld(t).open()
  const { slot } = world.db
  const friend = server('friend.test')
  await world.db.commit({ rows: [{ write: upsertRoomServer, rows: [[1, friend, 1, null]] }] })
  const strangers = Array.from({ length: 40 }, (_, n) => server(`s${n}.test`))
  for (const name of [friend, ...strangers]) world.peers.dead(name)
  const edu = (n: number) => ({ type: 'm.direct_to_device', content: Object.assign(emptyObject(), { n, text: 'x'.repeat(800) }) })
  await world.store([{ servers: [friend, ...strangers], edu: edu(1) }])
  await world.pass(2_000)
  // What failed once is in a transaction; what came later waits as rows.
  await world.store([{ servers: [friend, ...strangers], edu: edu(2) }])
  await world.pass(2_000)
  const waiting = {
    outbound_transactions: sql<{ server: string }>('t')`SELECT server FROM outbound_transactions`,
    outbound_edus: sql<{ server: string }>('t')`SELECT server FROM outbound_edus`,
  }
  const left = async (table: keyof typeof waiting): Promise<[strangers: number, friends: number]> => {
    const servers = (await world.db.all(waiting[table])).map((row) => row.server)
    return [servers.filter((name) => name !== friend).length, servers.filter((name) => name === friend).length]
  }
  assert.deepEqual(await left('outbound_transactions'), [40, 1])
  assert.deepEqual(await left('outbound_edus'), [40, 1])
  const bytes = 10 * 1_100
  await world.db.commit({ steps: [{ query: pruneEdusOfStrangers(slot, bytes) }, { query: pruneTransactionsOfStrangers(slot, bytes) }] })
  for (const table of ['outbound_transactions', 'outbound_edus'] as const) {
    const [ofStrangers, ofFriends] = await left(table)
    assert.ok(ofStrangers > 5 && ofStrangers < 12, `${table}: ${ofStrangers}`)
    assert.equal(ofFriends, 1)
  }
  // In all, the oldest go, whosever they are; what is left arrives when its server is there.
  await world.store([{ servers: [friend], edu: edu(3) }])
  await world.db.commit({ steps: [{ query: pruneAllEdus(slot, 1_200) }] })
  assert.deepEqual(await left('outbound_edus'), [0, 1])
  world.peers.answers.clear()
  await world.pass(3 * minute, 10_000)
  const got = world.peers
    .transactions('friend.test')
    .flatMap(({ edus }) => edus.map(({ content }) => (isJsonObject(content) ? content['n'] : 0)))
  assert.deepEqual(got, [1, 3])
  assert.equal(await world.count('outbound_transactions'), 0)
})

test('D18: how much is kept in all is looked at when much was stored, and at a start', async (t) => {
  const world = await new SenderWorld(t).open()
  const strangers = Array.from({ length: 20 }, (_, n) => server(`s${n}.test`))
  for (const name of strangers) world.peers.dead(name)
  await world.store([{ servers: strangers, edu: { type: 'x', content: emptyObject() } }])
  await world.pass(2_000)
  const heavy: StoredEdu = {
    servers: strangers,
    edu: { type: 'm.direct_to_device', content: Object.assign(emptyObject(), { text: 'x'.repeat(5 * 1024 * 1024) }) },
  }
  const kept = Math.floor(strangersEduBytesMax / (5 * 1024 * 1024))
  await world.store([heavy])
  await world.pass(2_000)
  assert.equal(await world.count('outbound_edus'), kept)
  // Of what was written when nobody counted.
  await world.db.commit({ rows: world.outbox.unit(world.db.nextPosition(), [heavy]).rows })
  assert.equal(await world.count('outbound_edus'), kept + 20)
  await world.restart()
  await world.pass(2_000)
  assert.equal(await world.count('outbound_edus'), kept)
})
