import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { upsert } from '../table-write.ts'

/** One piece of a user's account data. `room_id` is `''` for global data; `content` is JSON. */
export interface AccountDataRow {
  readonly room_id: string
  readonly type: string
  readonly content: string
  readonly slot: number
  readonly position: number
}

/** Bound: `accountDataEntriesMax` a user. */
export const upsertAccountData = upsert({
  name: 'account_data.upsert',
  table: 'account_data',
  key: ['user_id', 'room_id', 'type'],
  columns: { user_id: 'text', room_id: 'text', type: 'text', content: 'text', slot: 'int', position: 'int' },
})

/** One piece. */
export function findAccountData(db: Database, userId: string, roomId: string, type: string): Promise<AccountDataRow | undefined> {
  return db.first(sql<AccountDataRow>('account_data.one')`
    SELECT room_id, type, content, slot, position FROM account_data
    WHERE user_id = ${userId} AND room_id = ${roomId} AND type = ${type}`)
}

/** All of a room's, or all global ones with `''`. Bound: `accountDataEntriesMax`, a handful in practice. */
export function accountDataIn(db: Database, userId: string, roomId: string): Promise<AccountDataRow[]> {
  return db.all(sql<AccountDataRow>('account_data.inRoom')`
    SELECT room_id, type, content, slot, position FROM account_data WHERE user_id = ${userId} AND room_id = ${roomId}`)
}

/** All of a user's. Bound: `accountDataEntriesMax`. */
export function allAccountData(db: Database, userId: string): Promise<AccountDataRow[]> {
  return db.all(sql<AccountDataRow>('account_data.all')`
    SELECT room_id, type, content, slot, position FROM account_data WHERE user_id = ${userId}`)
}

/** What of one writer changed after a position up to another. Bound: `accountDataEntriesMax`. */
export function accountDataChanges(db: Database, userId: string, slot: number, after: number, upTo: number): Promise<AccountDataRow[]> {
  return db.all(sql<AccountDataRow>('account_data.changes')`
    SELECT room_id, type, content, slot, position FROM account_data
    WHERE user_id = ${userId} AND slot = ${slot} AND position > ${after} AND position <= ${upTo}`)
}

/** What one writer changed of anybody's after a position up to another, at most `limit`. For other processes to follow. */
export function accountDataOfSlot(
  db: Database,
  slot: number,
  after: number,
  upTo: number,
  limit: number,
): Promise<{ user_id: string; room_id: string; type: string; position: number }[]> {
  return db.all(sql<{ user_id: string; room_id: string; type: string; position: number }>('account_data.ofSlot')`
    SELECT user_id, room_id, type, position FROM account_data
    WHERE slot = ${slot} AND position > ${after} AND position <= ${upTo} ORDER BY position LIMIT ${limit}`)
}

/** One type of global data of several users. Bound: the list. */
export function globalDataOfUsers(db: Database, userIds: readonly string[], type: string): Promise<{ user_id: string; content: string }[]> {
  return db.all(sql<{ user_id: string; content: string }>('account_data.ofUsers')`
    SELECT user_id, content FROM account_data WHERE user_id ${new In(userIds)} AND room_id = '' AND type = ${type}`)
}

/** How many pieces a user has, and their bytes together. */
export async function accountDataSize(db: Database, userId: string): Promise<{ entries: number; bytes: number }> {
  const row = await db.first(sql<{ entries: number; bytes: number }>('account_data.size')`
    SELECT count(*) AS entries, coalesce(sum(octet_length(content)), 0) AS bytes FROM account_data WHERE user_id = ${userId}`)
  return row ?? { entries: 0, bytes: 0 }
}

/** Add a piece; a step with `expect: 1`: there may be none of that type yet. */
export function addAccountData(userId: string, row: AccountDataRow): Query<unknown> {
  return sql('account_data.add')`
    INSERT INTO account_data (user_id, room_id, type, content, slot, position)
    VALUES (${userId}, ${row.room_id}, ${row.type}, ${row.content}, ${row.slot}, ${row.position})
    ON CONFLICT (user_id, room_id, type) DO NOTHING`
}

/** Replace a piece; a step with `expect: 1`: it must still be as it was read. */
export function replaceAccountData(userId: string, row: AccountDataRow, was: Pick<AccountDataRow, 'slot' | 'position'>): Query<unknown> {
  return sql('account_data.replace')`
    UPDATE account_data SET content = ${row.content}, slot = ${row.slot}, position = ${row.position}
    WHERE user_id = ${userId} AND room_id = ${row.room_id} AND type = ${row.type} AND slot = ${was.slot} AND position = ${was.position}`
}

/** Remove some types of a user's global data. Bound: the list. */
export function deleteGlobalData(userId: string, types: readonly string[]): Query<unknown> {
  return sql('account_data.deleteTypes')`DELETE FROM account_data WHERE user_id = ${userId} AND room_id = '' AND type ${new In(types)}`
}

/** Remove all of a user's. */
export function deleteAccountData(userId: string): Query<unknown> {
  return sql('account_data.deleteAll')`DELETE FROM account_data WHERE user_id = ${userId}`
}
