import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import { insertNew, remove } from '../table-write.ts'

/** A received event whose signature cannot be checked yet. Bound: `unverifiedRoomMax` a room, `unverifiedMax` a process. */
export const insertUnverified = insertNew({
  name: 'unverified_events.insert',
  table: 'unverified_events',
  key: ['room', 'event_id'],
  columns: { room: 'int', event_id: 'text', origin: 'text', json: 'bytes', received_at: 'int' },
})

export const removeUnverified = remove({
  name: 'unverified_events.remove',
  table: 'unverified_events',
  columns: { room: 'int', event_id: 'text' },
})

/** Such an event, and its room. Times are milliseconds since 1970. */
export interface UnverifiedRow {
  readonly room_id: string
  readonly event_id: string
  readonly origin: string
  readonly json: Uint8Array
  readonly received_at: number
}

/** All of them: read once at start, and when rooms come to a process. Bound: `unverifiedMax` for each process. */
export function unverifiedEvents(db: Database): Promise<UnverifiedRow[]> {
  return db.all(sql<UnverifiedRow>('unverified_events.all')`
    SELECT r.room_id, u.event_id, u.origin, u.json, u.received_at FROM unverified_events u JOIN rooms r ON r.room = u.room`)
}
