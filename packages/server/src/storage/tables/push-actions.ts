import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insertNew } from '../table-write.ts'

/**
 * What an event means for one user beyond their class: `notify` is added to the class's count (1 for a user outside of
 * every class, -1 where the class is notified and this user is not), `highlight` is 0 or 1. `thread`: the root's id or ''.
 * Bound: highlights and users apart, purged behind read receipts.
 */
export const insertPushAction = insertNew({
  name: 'push_actions.insert',
  table: 'push_actions',
  key: ['room', 'user_id', 'pos'],
  columns: { room: 'int', user_id: 'text', pos: 'int', thread: 'text', notify: 'int', highlight: 'int' },
})

/** Sums of a user's rows after a position up to another. */
export async function sumPushActions(
  db: Database,
  room: number,
  userId: string,
  after: number,
  upTo: number,
): Promise<{ notify: number; highlight: number }> {
  const row = await db.first(sql<{ notify: number | null; highlight: number | null }>('push_actions.sum')`
    SELECT CAST(sum(notify) AS bigint) AS notify, CAST(sum(highlight) AS bigint) AS highlight FROM push_actions
    WHERE room = ${room} AND user_id = ${userId} AND pos > ${after} AND pos <= ${upTo}`)
  return { notify: Number(row?.notify ?? 0), highlight: Number(row?.highlight ?? 0) }
}

/** Forget what a user has read: a step of the receipt's commit. */
export function removeReadActions(room: number, userId: string, upTo: number): Query<unknown> {
  return sql('push_actions.removeRead')`DELETE FROM push_actions WHERE room = ${room} AND user_id = ${userId} AND pos <= ${upTo}`
}
