// Goal: subscriptions to threads are kept, counted and paged alike on both databases, by whichever process wrote them.
// Method: rows of two writers, read back in every way; on a real SQLite file and a real PostgreSQL.
import assert from 'node:assert/strict'
import { parseUserId } from '@causeway/events'
import { threadSubscriptionPage } from './thread-subscriptions.ts'
import { onEachOpenDatabase } from '../storage/databases.fixture.ts'
import { announceForeignThreadSubscriptions } from '../rooms/foreign-thread-subscriptions.ts'
import { insertRoom } from '../storage/tables/rooms.ts'
import {
  countThreadSubscriptions,
  deleteThreadSubscriptions,
  findThreadSubscription,
  subscribersOf,
  upsertThreadSubscription,
} from '../storage/tables/thread-subscriptions.ts'

const alice = parseUserId('@alice:here') ?? assert.fail()
const room = 7

onEachOpenDatabase('subscriptions to threads are counted, paged and removed', async (db) => {
  await db.commit({ rows: [{ write: insertRoom, rows: [[room, '!r:here', 1, '11', 0, new Uint8Array()]] }] })
  // [slot, position] of each; the stamps of the writers' clocks interleave.
  const rows = [
    ['$a', 1, 0, 10, 0, 1],
    ['$b', 1, 1, 20, 0, 2],
    ['$c', 0, 0, 15, 1, 5],
    ['$d', 1, 0, 25, 1, 6],
    ['$e', 1, 0, 22, 0, 3],
  ] as const
  const values = rows.map(
    ([thread, subscribed, automatic, stamp, slot, position]) =>
      [room, thread, alice, subscribed, automatic, stamp, 0, 0, slot, position] as const,
  )
  await db.commit({ rows: [{ write: upsertThreadSubscription, rows: [...values, [room, '$a', '@bob:here', 1, 0, 1, 0, 0, 0, 4]] }] })
  assert.deepEqual((await subscribersOf(db, room, '$a')).sort(), ['@alice:here', '@bob:here'])
  assert.deepEqual(await subscribersOf(db, room, '$c'), [])
  assert.equal(await countThreadSubscriptions(db, alice, 100), 5)
  assert.equal(await countThreadSubscriptions(db, alice, 3), 3)
  assert.equal((await findThreadSubscription(db, room, '$b', alice))?.automatic, 1)
  assert.equal(await findThreadSubscription(db, room + 1, '$b', alice), undefined)

  assert.deepEqual(await announceForeignThreadSubscriptions(db, { slot: 0, after: 2, position: 4 }), [
    { kind: 'thread-subscription', userId: alice, slot: 0, position: 3 },
    { kind: 'thread-subscription', userId: '@bob:here', slot: 0, position: 4 },
  ])

  const upTo = new Map([
    [0, 4],
    [1, 6],
  ])
  const seen: string[] = []
  let at: ReadonlyMap<number, number> | undefined = upTo
  for (let pages = 0; at !== undefined; pages += 1) {
    assert.ok(pages < 4)
    const page = await threadSubscriptionPage(db, alice, undefined, at, 2)
    seen.push(...page.changes.map(({ thread }) => thread))
    at = page.rest
  }
  assert.deepEqual(seen, ['$d', '$e', '$b', '$c', '$a'])
  const since = new Map([[0, 2]])
  const { changes, rest } = await threadSubscriptionPage(db, alice, since, new Map([[0, 4]]), 5)
  assert.deepEqual(
    changes.map(({ thread, room_id }) => [thread, room_id]),
    [['$e', '!r:here']],
  )
  assert.equal(rest, undefined)

  await db.commit({ steps: [{ query: deleteThreadSubscriptions(alice) }] })
  assert.equal(await countThreadSubscriptions(db, alice, 100), 0)
  assert.deepEqual(await subscribersOf(db, room, '$a'), ['@bob:here'])
})
