/** A table whose rows carry a stream position (slot, position), and whom a row concerns. */
export interface StreamTable {
  readonly table: string
  /** Has it a column `room`, the room's number? */
  readonly room: boolean
  /** The column with the user whom the row concerns, and which rows do. */
  readonly user?: string
  readonly userWhere?: string
}

/**
 * Where a process finds what other processes committed. Each has, on PostgreSQL, an index that begins with slot and position.
 * A table that is missing here wakes nobody in other processes.
 */
export const streamTables: readonly StreamTable[] = [
  { table: 'events', room: true },
  { table: 'memberships', room: true, user: 'user_id', userWhere: 'is_local = 1' },
  { table: 'room_completions', room: true },
  { table: 'receipts', room: true },
  { table: 'thread_subscriptions', room: false, user: 'user_id' },
  { table: 'account_data', room: false, user: 'user_id' },
  { table: 'to_device', room: false, user: 'user_id' },
  { table: 'device_list_changes', room: false, user: 'user_id' },
]

/** Whom rows of a slot after $2 up to $3 concern: one statement over all tables. */
export function touchedStatement(tables: readonly StreamTable[], limit: number): string {
  const parts = tables.map(({ table, room, user, userWhere }) => {
    const userValue = user === undefined ? 'NULL::text' : userWhere === undefined ? user : `CASE WHEN ${userWhere} THEN ${user} END`
    return `SELECT ${room ? 'room' : 'NULL::bigint'} AS room, ${userValue} AS user_id FROM ${table}
      WHERE slot = $1 AND position > $2 AND position <= $3 AND position > 0`
  })
  return `SELECT t.room, r.room_id, t.user_id FROM (${parts.join(' UNION ')}) t LEFT JOIN rooms r ON r.room = t.room LIMIT ${limit + 1}`
}
