import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'

/** A dehydrated device; `json` is its private part as uploaded. */
export interface DehydratedDeviceRow {
  readonly device_id: string
  readonly json: string
}

/** A user's dehydrated device. */
export function findDehydrated(db: Database, userId: string): Promise<DehydratedDeviceRow | undefined> {
  return db.first(sql<DehydratedDeviceRow>('dehydrated_devices.one')`
    SELECT device_id, json FROM dehydrated_devices WHERE user_id = ${userId}`)
}

/** A step with `expect: 1`: this was still the user's dehydrated device. */
export function deleteDehydrated(userId: string, deviceId: string): Query<unknown> {
  return sql('dehydrated_devices.delete')`DELETE FROM dehydrated_devices WHERE user_id = ${userId} AND device_id = ${deviceId}`
}

/** A step with `expect: 1`: the user had none. */
export function insertDehydrated(userId: string, deviceId: string, json: string): Query<unknown> {
  return sql('dehydrated_devices.insert')`
    INSERT INTO dehydrated_devices (user_id, device_id, json) VALUES (${userId}, ${deviceId}, ${json}) ON CONFLICT (user_id) DO NOTHING`
}
