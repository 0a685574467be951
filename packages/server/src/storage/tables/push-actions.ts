import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insertNew } from '../table-write.ts'

/**
 * What an event means for one user beyond their class: `notify` is added to the class's count (1 for a user outside of
 * every class, -1 where the class is notified and this user is not), `highlight` likewise. `thread`: the root's id or ''.
 * Bound: highlights and users apart, purged behind read receipts.
 */
export const insertPushAction = insertNew({
  name: 'push_actions.insert',
  table: 'push_actions',
  key: ['room', 'user_id', 'pos'],
  columns: { room: 'int', user_id: 'text', pos: 'int', thread: 'text', notify: 'int', highlight: 'int' },
})

/** Sums of a user's rows of the main timeline after a position up to another. */
export async function sumPushActions(
  db: Database,
  room: number,
  userId: string,
  after: number,
  upTo: number,
): Promise<{ notifications: number; highlights: number }> {
  const row = await db.first(sql<{ notify: number | null; highlight: number | null }>('push_actions.sum')`
    SELECT CAST(sum(notify) AS bigint) AS notify, CAST(sum(highlight) AS bigint) AS highlight FROM push_actions
    WHERE room = ${room} AND user_id = ${userId} AND pos > ${after} AND pos <= ${upTo} AND thread = ''`)
  return { notifications: Number(row?.notify ?? 0), highlights: Number(row?.highlight ?? 0) }
}

/** What one user is notified of in a thread. */
export interface ThreadActionRow {
  readonly pos: number
  readonly thread: string
  readonly notify: number
  readonly highlight: number
}

/** A user's rows of threads after a position up to another, newest first. */
export function threadActions(
  db: Database,
  room: number,
  userId: string,
  after: number,
  upTo: number,
  limit: number,
): Promise<ThreadActionRow[]> {
  return db.all(sql<ThreadActionRow>('push_actions.ofThreads')`
    SELECT pos, thread, notify, highlight FROM push_actions
    WHERE room = ${room} AND user_id = ${userId} AND pos > ${after} AND pos <= ${upTo} AND thread <> ''
    ORDER BY pos DESC LIMIT ${limit}`)
}

/** Forget all that a user has read up to a position: a step of the commit of an unthreaded receipt. */
export function removeReadActions(room: number, userId: string, upTo: number): Query<unknown> {
  return sql('push_actions.removeRead')`DELETE FROM push_actions WHERE room = ${room} AND user_id = ${userId} AND pos <= ${upTo}`
}

/** The same of one thread; '' is the main timeline. */
export function removeReadThreadActions(room: number, userId: string, thread: string, upTo: number): Query<unknown> {
  return sql('push_actions.removeReadThread')`
    DELETE FROM push_actions WHERE room = ${room} AND user_id = ${userId} AND thread = ${thread} AND pos <= ${upTo}`
}
