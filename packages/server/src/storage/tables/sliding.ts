import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { upsert } from '../table-write.ts'

/** A connection of sliding sync: the generation that the client acknowledged, if it did, and the one that it was offered. */
export interface SlidingConnectionRow {
  readonly acknowledged: string | null
  readonly acknowledged_state: string | null
  readonly offered: string
  readonly offered_state: string
}

/** Bound: `connectionsPerDeviceMax` a device, with `forgetOldConnections`. */
export const upsertSlidingConnection = upsert({
  name: 'sliding_connections.upsert',
  table: 'sliding_connections',
  key: ['user_id', 'device_id', 'conn_id'],
  columns: {
    user_id: 'text',
    device_id: 'text',
    conn_id: 'text',
    acknowledged: 'text',
    acknowledged_state: 'text',
    offered: 'text',
    offered_state: 'text',
    offered_at: 'int',
  },
})

/** One connection. */
export function findSlidingConnection(
  db: Database,
  userId: string,
  deviceId: string,
  connId: string,
): Promise<SlidingConnectionRow | undefined> {
  return db.first(sql<SlidingConnectionRow>('sliding_connections.one')`
    SELECT acknowledged, acknowledged_state, offered, offered_state FROM sliding_connections
    WHERE user_id = ${userId} AND device_id = ${deviceId} AND conn_id = ${connId}`)
}

/** Forget a device's connections but the `keep` newest ones beside `connId`. */
export function forgetOldConnections(userId: string, deviceId: string, connId: string, keep: number): Query<unknown> {
  return sql('sliding_connections.forgetOld')`
    DELETE FROM sliding_connections WHERE user_id = ${userId} AND device_id = ${deviceId} AND conn_id IN (
      SELECT conn_id FROM sliding_connections WHERE user_id = ${userId} AND device_id = ${deviceId} AND conn_id <> ${connId}
      ORDER BY offered_at DESC, conn_id LIMIT 1000000 OFFSET ${keep})`
}

/** Remove all connections of devices. */
export function deleteSlidingConnections(userId: string, deviceIds: readonly string[]): Query<unknown> {
  return sql('sliding_connections.deleteOfDevices')`
    DELETE FROM sliding_connections WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`
}

/** The newest event of a room that moves it up. */
export interface BumpRow {
  readonly room: number
  readonly slot: number
  readonly position: number
  readonly ts: number
}

const encoder = new TextEncoder()

/**
 * The newest live event of each room, among its newest `scan`, that has one of six types; rooms without one are left out.
 * Bound: the rooms.
 */
export function newestBumps(
  db: Database,
  rooms: readonly number[],
  [a, b, c, d, e, f]: readonly [string, string, string, string, string, string],
  scan: number,
): Promise<BumpRow[]> {
  const bytes = (type: string): Uint8Array => encoder.encode(type)
  return db.all(sql<BumpRow>('events.newestBumps')`
    SELECT e.room, e.slot, e.position, e.ts FROM rooms r JOIN events e ON e.room = r.room AND e.pos = (
      SELECT n.pos FROM (SELECT pos, key FROM events WHERE room = r.room AND pos > 0 ORDER BY pos DESC LIMIT ${scan}) n
      WHERE (SELECT k.type FROM room_keys k WHERE k.room = r.room AND k.key = n.key)
        IN (${bytes(a)}, ${bytes(b)}, ${bytes(c)}, ${bytes(d)}, ${bytes(e)}, ${bytes(f)})
      ORDER BY n.pos DESC LIMIT 1)
    WHERE r.room ${new In(rooms)}`)
}
