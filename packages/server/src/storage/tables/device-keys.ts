import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { upsert } from '../table-write.ts'

/** What a device says of itself: `json` is its DeviceKeys as uploaded. */
export interface DeviceKeysRow {
  readonly user_id: string
  readonly device_id: string
  readonly json: string
  readonly display_name: string | null
}

/** Bound: one row a device. */
export const upsertDeviceKeys = upsert({
  name: 'device_keys.upsert',
  table: 'device_keys',
  key: ['user_id', 'device_id'],
  columns: { user_id: 'text', device_id: 'text', json: 'text' },
})

/** The keys of some users' devices. Bound: `devicesPerUserMax` a user. */
export function deviceKeysOf(db: Database, userIds: readonly string[]): Promise<DeviceKeysRow[]> {
  return db.all(sql<DeviceKeysRow>('device_keys.ofUsers')`
    SELECT k.user_id, k.device_id, k.json, d.display_name FROM device_keys k
    JOIN devices d ON d.user_id = k.user_id AND d.device_id = k.device_id
    WHERE k.user_id ${new In(userIds)} ORDER BY k.user_id, k.device_id`)
}

/** The keys of one device. */
export function findDeviceKeys(db: Database, userId: string, deviceId: string): Promise<DeviceKeysRow | undefined> {
  return db.first(sql<DeviceKeysRow>('device_keys.one')`
    SELECT k.user_id, k.device_id, k.json, d.display_name FROM device_keys k
    JOIN devices d ON d.user_id = k.user_id AND d.device_id = k.device_id
    WHERE k.user_id = ${userId} AND k.device_id = ${deviceId}`)
}

/** A step with `expect: 1`: the device is still there. */
export function deviceStands(userId: string, deviceId: string): Query<unknown> {
  return sql('device_keys.deviceStands')`SELECT device_id FROM devices WHERE user_id = ${userId} AND device_id = ${deviceId}`
}

/** Everything about encryption that goes with devices, at least one: keys, one-time keys, messages that wait for them. */
export function forgetDevices(userId: string, deviceIds: readonly string[]): readonly Query<unknown>[] {
  return [
    sql('device_keys.forget')`DELETE FROM device_keys WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`,
    sql('one_time_keys.forget')`DELETE FROM one_time_keys WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`,
    sql('issued_one_time_keys.forget')`DELETE FROM issued_one_time_keys WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`,
    sql('fallback_keys.forget')`DELETE FROM fallback_keys WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`,
    sql('dehydrated_devices.forget')`DELETE FROM dehydrated_devices WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`,
    sql('to_device.forget')`DELETE FROM to_device WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`,
    sql(
      'key_signatures.forget',
    )`DELETE FROM key_signatures WHERE signer = ${userId} AND target_user = ${userId} AND target ${new In(deviceIds)}`,
  ]
}
