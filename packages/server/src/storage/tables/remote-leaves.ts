import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { upsert } from '../table-write.ts'

/** A leave of one of our users from a room that this server is not in, which a server of the room is still to be told. */
export interface RemoteLeaveRow {
  readonly room_id: string
  readonly user_id: string
  /** The number of the event by which the user's devices know it. */
  readonly event: number
  /** JSON: whom to tell, best first. */
  readonly servers: string
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly next_at: number
}

/** Bound: as many as a process tries to tell at once, each for about a day. */
export const upsertRemoteLeave = upsert({
  name: 'remote_leaves.upsert',
  table: 'remote_leaves',
  key: ['room', 'user_id'],
  columns: { room: 'int', user_id: 'text', event: 'int', servers: 'text', attempts: 'int', next_at: 'int' },
})

/** The leaves from rooms of some shards, those that are due first, at most `limit`. */
export function remoteLeaves(db: Database, shards: readonly number[], limit: number): Promise<RemoteLeaveRow[]> {
  return db.all(sql<RemoteLeaveRow>('remote_leaves.ofShards')`
    SELECT r.room_id, l.user_id, l.event, l.servers, l.attempts, l.next_at FROM remote_leaves l JOIN rooms r ON r.room = l.room
    WHERE r.shard ${new In(shards)} ORDER BY l.next_at LIMIT ${limit}`)
}

/** Nobody could be told: there will be another attempt. */
export function postponeRemoteLeave(room: number, userId: string, event: number, attempts: number, nextAt: number): Query<unknown> {
  return sql('remote_leaves.postpone')`UPDATE remote_leaves SET attempts = ${attempts}, next_at = ${nextAt}
    WHERE room = ${room} AND user_id = ${userId} AND event = ${event}`
}

/** It is told, or given up, or no longer so. */
export function deleteRemoteLeave(room: number, userId: string, event: number): Query<unknown> {
  return sql('remote_leaves.delete')`DELETE FROM remote_leaves WHERE room = ${room} AND user_id = ${userId} AND event = ${event}`
}
