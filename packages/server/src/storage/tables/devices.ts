import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { insertNew, update } from '../table-write.ts'

/** A device of one of our users. Times are milliseconds. */
export interface DeviceRow {
  readonly device_id: string
  readonly display_name: string | null
  readonly last_seen_at: number | null
  readonly last_seen_ip: string | null
}

/** A device that logs in again keeps its row. Bound: `devicesPerUserMax` a user. */
export const insertDevice = insertNew({
  name: 'devices.insert',
  table: 'devices',
  key: ['user_id', 'device_id'],
  columns: { user_id: 'text', device_id: 'text', display_name: 'text', created_at: 'int', last_seen_at: 'int', last_seen_ip: 'text' },
})

export const updateLastSeen = update({
  name: 'devices.updateLastSeen',
  table: 'devices',
  key: ['user_id', 'device_id'],
  columns: { user_id: 'text', device_id: 'text', last_seen_at: 'int', last_seen_ip: 'text' },
})

/** A user's devices by id. Bound: `devicesPerUserMax`. */
export function devicesOf(db: Database, userId: string): Promise<DeviceRow[]> {
  return db.all(sql<DeviceRow>('devices.ofUser')`
    SELECT device_id, display_name, last_seen_at, last_seen_ip FROM devices WHERE user_id = ${userId} ORDER BY device_id`)
}

/** One device. */
export function findDevice(db: Database, userId: string, deviceId: string): Promise<DeviceRow | undefined> {
  return db.first(sql<DeviceRow>('devices.one')`
    SELECT device_id, display_name, last_seen_at, last_seen_ip FROM devices WHERE user_id = ${userId} AND device_id = ${deviceId}`)
}

/** How many devices a user has. */
export async function countDevices(db: Database, userId: string): Promise<number> {
  const row = await db.first(sql<{ count: number }>('devices.count')`SELECT count(*) AS count FROM devices WHERE user_id = ${userId}`)
  return row?.count ?? 0
}

/** A step with `expect: 1`. */
export function renameDevice(userId: string, deviceId: string, displayName: string): Query<unknown> {
  return sql('devices.rename')`UPDATE devices SET display_name = ${displayName} WHERE user_id = ${userId} AND device_id = ${deviceId}`
}

/** Remove some devices, at least one. */
export function deleteDevices(userId: string, deviceIds: readonly string[]): Query<unknown> {
  return sql('devices.deleteSome')`DELETE FROM devices WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`
}

/** Remove all devices of a user but one (`''` for none). */
export function deleteDevicesBut(userId: string, keptDeviceId: string): Query<unknown> {
  return sql('devices.deleteBut')`DELETE FROM devices WHERE user_id = ${userId} AND device_id <> ${keptDeviceId}`
}

/** The devices of several users. Bound: `devicesPerUserMax` a user. */
export function devicesOfUsers(db: Database, userIds: readonly string[]): Promise<{ user_id: string; device_id: string }[]> {
  return db.all(sql<{ user_id: string; device_id: string }>('devices.ofUsers')`
    SELECT user_id, device_id FROM devices WHERE user_id ${new In(userIds)} ORDER BY user_id, device_id`)
}
