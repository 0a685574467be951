import type { RoomAlias, RoomId } from '@causeway/events'
import type { Database } from '../database.ts'
import { sql } from '../sql.ts'

/** A local alias. */
export interface AliasRow {
  readonly alias: string
  readonly room_id: string
  readonly creator: string
}

/** Take an alias, if nobody has it: a step with `expect: 1`. Bound of the table: one row an alias that our users made. */
export function claimAlias(alias: RoomAlias, roomId: RoomId, creator: string, now: number) {
  return sql('aliases.claim')`INSERT INTO aliases (alias, room_id, creator, created_at) VALUES (${alias}, ${roomId}, ${creator}, ${now})
    ON CONFLICT (alias) DO NOTHING`
}

/** Where a local alias points. */
export function findAlias(db: Database, alias: RoomAlias): Promise<AliasRow | undefined> {
  return db.first(sql<AliasRow>('aliases.one')`SELECT alias, room_id, creator FROM aliases WHERE alias = ${alias}`)
}

/** The local aliases of a room, oldest first. */
export function aliasesOf(db: Database, roomId: RoomId): Promise<AliasRow[]> {
  return db.all(
    sql<AliasRow>('aliases.ofRoom')`SELECT alias, room_id, creator FROM aliases WHERE room_id = ${roomId} ORDER BY created_at, alias`,
  )
}

/** All aliases of a room lead to another one from now on. */
export function moveAliases(from: RoomId, to: RoomId) {
  return sql('aliases.move')`UPDATE aliases SET room_id = ${to} WHERE room_id = ${from}`
}

/** Takes an alias away; a step with `expect: 1`. */
export function deleteAlias(alias: RoomAlias) {
  return sql('aliases.delete')`DELETE FROM aliases WHERE alias = ${alias}`
}
