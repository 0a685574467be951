import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insert } from '../table-write.ts'

/** What an account's action asks of the user's rooms: show the new profile in them, or leave them. */
export type UserRoomTaskKind = 'profile-changed' | 'leave-all-rooms'

/** A task. `payload` is JSON; ids rise within a writer. */
export interface UserRoomTaskRow {
  readonly id: number
  readonly user_id: string
  readonly kind: UserRoomTaskKind
  readonly payload: string
  readonly created_at: number
}

/** Bound: worked off in the background; at most one `profile-changed` a user. */
export const insertUserRoomTask = insert({
  name: 'user_room_tasks.insert',
  table: 'user_room_tasks',
  columns: { id: 'int', user_id: 'text', kind: 'text', payload: 'text', created_at: 'int' },
})

/** The oldest tasks, at most `limit`. */
export function nextUserRoomTasks(db: Database, limit: number): Promise<UserRoomTaskRow[]> {
  return db.all(sql<UserRoomTaskRow>('user_room_tasks.next')`
    SELECT id, user_id, kind, payload, created_at FROM user_room_tasks ORDER BY id LIMIT ${limit}`)
}

/** A task is done. It may be gone already: a newer one took its place. */
export function deleteUserRoomTask(id: number): Query<unknown> {
  return sql('user_room_tasks.delete')`DELETE FROM user_room_tasks WHERE id = ${id}`
}

/** A newer task takes the place of those of its kind. */
export function supersedeUserRoomTasks(userId: string, kind: UserRoomTaskKind): Query<unknown> {
  return sql('user_room_tasks.supersede')`DELETE FROM user_room_tasks WHERE user_id = ${userId} AND kind = ${kind}`
}
