import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { upsert } from '../table-write.ts'

/** A user's subscription to a thread of a room, or what is left of it. */
export interface ThreadSubscriptionRow {
  readonly subscribed: number
  readonly automatic: number
  readonly stamp: number
  readonly unsubscribed_pos: number
  readonly unsubscribed_depth: number
}

/** Bound: `threadSubscriptionsMax` a user, purged with the room. */
export const upsertThreadSubscription = upsert({
  name: 'thread_subscriptions.upsert',
  table: 'thread_subscriptions',
  key: ['room', 'thread', 'user_id'],
  columns: {
    room: 'int',
    thread: 'text',
    user_id: 'text',
    subscribed: 'int',
    automatic: 'int',
    stamp: 'int',
    unsubscribed_pos: 'int',
    unsubscribed_depth: 'int',
    slot: 'int',
    position: 'int',
  },
})

/** One. */
export function findThreadSubscription(
  db: Database,
  room: number,
  thread: string,
  userId: string,
): Promise<ThreadSubscriptionRow | undefined> {
  return db.first(sql<ThreadSubscriptionRow>('thread_subscriptions.one')`
    SELECT subscribed, automatic, stamp, unsubscribed_pos, unsubscribed_depth FROM thread_subscriptions
    WHERE room = ${room} AND thread = ${thread} AND user_id = ${userId}`)
}

/** Who is subscribed to a thread. Bound: our users who ever were in the room. */
export async function subscribersOf(db: Database, room: number, thread: string): Promise<string[]> {
  const rows = await db.all(sql<{ user_id: string }>('thread_subscriptions.subscribers')`
    SELECT user_id FROM thread_subscriptions WHERE room = ${room} AND thread = ${thread} AND subscribed = 1`)
  return rows.map((row) => row.user_id)
}

/** How many rows a user has, counted up to `limit`. */
export async function countThreadSubscriptions(db: Database, userId: string, limit: number): Promise<number> {
  const row = await db.first(sql<{ count: number }>('thread_subscriptions.count')`
    SELECT CAST(count(*) AS bigint) AS count FROM (SELECT 1 AS one FROM thread_subscriptions WHERE user_id = ${userId} LIMIT ${limit}) AS rows`)
  return Number(row?.count ?? 0)
}

/** A change of a subscription, with its place in the stream. */
export interface ThreadSubscriptionChange {
  readonly room_id: string
  readonly thread: string
  readonly subscribed: number
  readonly automatic: number
  readonly stamp: number
  readonly slot: number
  readonly position: number
}

/** What one writer changed of a user's subscriptions after a position up to another, newest first. */
export function threadSubscriptionChanges(
  db: Database,
  userId: string,
  slot: number,
  after: number,
  upTo: number,
  limit: number,
): Promise<ThreadSubscriptionChange[]> {
  return db.all(sql<ThreadSubscriptionChange>('thread_subscriptions.changes')`
    SELECT r.room_id, t.thread, t.subscribed, t.automatic, t.stamp, t.slot, t.position
    FROM thread_subscriptions t JOIN rooms r ON r.room = t.room
    WHERE t.user_id = ${userId} AND t.slot = ${slot} AND t.position > ${after} AND t.position <= ${upTo}
    ORDER BY t.position DESC LIMIT ${limit}`)
}

/** Whose subscriptions one writer changed after a position up to another, at most `limit` rows. For other processes to follow. */
export function threadSubscriptionsOfSlot(
  db: Database,
  slot: number,
  after: number,
  upTo: number,
  limit: number,
): Promise<{ user_id: string; position: number }[]> {
  return db.all(sql<{ user_id: string; position: number }>('thread_subscriptions.ofSlot')`
    SELECT user_id, position FROM thread_subscriptions
    WHERE slot = ${slot} AND position > ${after} AND position <= ${upTo} ORDER BY position LIMIT ${limit}`)
}

/** Remove all of a user's. */
export function deleteThreadSubscriptions(userId: string): Query<unknown> {
  return sql('thread_subscriptions.deleteAll')`DELETE FROM thread_subscriptions WHERE user_id = ${userId}`
}
