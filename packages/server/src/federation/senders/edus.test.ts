// Goal: EDUs that must arrive do, in order and once; others never cost more than they are worth.
// Method: the real senders over a real database, made-up peers, a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyObject, isJsonObject, parseEventId, parseRoomId, parseUserId } from '@causeway/events'
import { pruneEdus, pruneHeavyEdus, storedEdus } from '../../storage/tables/outbound.ts'
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
