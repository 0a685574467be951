import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insertNew } from '../table-write.ts'

/** Bound: `filtersPerUserMax` a user. */
export const insertFilter = insertNew({
  name: 'filters.insert',
  table: 'filters',
  key: ['user_id', 'filter_id'],
  columns: { user_id: 'text', filter_id: 'int', json: 'text', created_at: 'int' },
})

/** A filter of a user. */
export function findFilter(db: Database, userId: string, filterId: number): Promise<{ json: string } | undefined> {
  return db.first(sql<{ json: string }>('filters.one')`SELECT json FROM filters WHERE user_id = ${userId} AND filter_id = ${filterId}`)
}

/** How many filters a user has. */
export async function countFilters(db: Database, userId: string): Promise<number> {
  const row = await db.first(sql<{ count: number }>('filters.count')`SELECT count(*) AS count FROM filters WHERE user_id = ${userId}`)
  return row?.count ?? 0
}

/** Forget a user's oldest filter. */
export function deleteOldestFilter(userId: string): Query<unknown> {
  return sql('filters.deleteOldest')`
    DELETE FROM filters WHERE user_id = ${userId} AND created_at = (SELECT min(created_at) FROM filters WHERE user_id = ${userId})`
}

/** Remove all of a user's. */
export function deleteFilters(userId: string): Query<unknown> {
  return sql('filters.deleteAll')`DELETE FROM filters WHERE user_id = ${userId}`
}
