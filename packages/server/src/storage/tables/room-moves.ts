import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insertNew } from '../table-write.ts'

/** Whose settings may have to go along with a room. `user_id` is '' for all of ours in a room that says that it was replaced. */
export interface RoomMoveRow {
  readonly slot: number
  readonly position: number
  readonly user_id: string
  readonly room_id: string
}

/** Bound: worked off in the background as they come. */
export const insertRoomMove = insertNew({
  name: 'room_moves.insert',
  table: 'room_moves',
  key: ['slot', 'position', 'user_id'],
  columns: { slot: 'int', position: 'int', user_id: 'text', room_id: 'text' },
})

/** The oldest moves, at most `limit`. */
export function nextRoomMoves(db: Database, limit: number): Promise<RoomMoveRow[]> {
  return db.all(sql<RoomMoveRow>('room_moves.next')`
    SELECT slot, position, user_id, room_id FROM room_moves ORDER BY slot, position, user_id LIMIT ${limit}`)
}

/** A move is done. Another process may have done it already. */
export function deleteRoomMove({ slot, position, user_id: userId }: RoomMoveRow): Query<unknown> {
  return sql('room_moves.delete')`DELETE FROM room_moves WHERE slot = ${slot} AND position = ${position} AND user_id = ${userId}`
}
