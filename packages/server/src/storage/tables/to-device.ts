import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insert, insertNew } from '../table-write.ts'

/** Where a message stands in its device's queue. */
export interface ToDevicePlace {
  readonly slot: number
  readonly position: number
  readonly seq: number
}

/** A message that waits for a device: `json` is the whole event. */
export interface ToDeviceRow extends ToDevicePlace {
  readonly json: string
}

/** Bound: `toDeviceMessagesMax` a device. */
export const insertToDevice = insert({
  name: 'to_device.insert',
  table: 'to_device',
  columns: { user_id: 'text', device_id: 'text', slot: 'int', position: 'int', seq: 'int', json: 'text' },
})

/** Bound: forgotten after some days. */
export const insertReceivedMessage = insertNew({
  name: 'to_device_received.insert',
  table: 'to_device_received',
  key: ['origin', 'message_id'],
  columns: { origin: 'text', message_id: 'text', at: 'int' },
})

/** The first messages of one writer that wait for a device, after a place up to a position, in order. */
export function waitingMessages(
  db: Database,
  device: { readonly userId: string; readonly deviceId: string },
  after: ToDevicePlace,
  upTo: number,
  limit: number,
): Promise<ToDeviceRow[]> {
  return db.all(sql<ToDeviceRow>('to_device.waiting')`
    SELECT slot, position, seq, json FROM to_device
    WHERE user_id = ${device.userId} AND device_id = ${device.deviceId} AND slot = ${after.slot}
      AND (position, seq) > (${after.position}, ${after.seq}) AND position <= ${upTo}
    ORDER BY position, seq LIMIT ${limit}`)
}

/** Does any message of a writer wait up to a place? */
export function anyUpTo(db: Database, userId: string, deviceId: string, place: ToDevicePlace): Promise<{ seq: number } | undefined> {
  return db.first(sql<{ seq: number }>('to_device.anyUpTo')`
    SELECT seq FROM to_device WHERE user_id = ${userId} AND device_id = ${deviceId} AND slot = ${place.slot}
      AND (position, seq) <= (${place.position}, ${place.seq}) LIMIT 1`)
}

/** The device has received these. */
export function deleteUpTo(userId: string, deviceId: string, place: ToDevicePlace): Query<unknown> {
  return sql('to_device.deleteUpTo')`
    DELETE FROM to_device WHERE user_id = ${userId} AND device_id = ${deviceId} AND slot = ${place.slot}
      AND (position, seq) <= (${place.position}, ${place.seq})`
}

/** How many messages wait for each of a user's devices, and their characters together; devices without any are left out. */
export function countWaiting(db: Database, userId: string): Promise<{ device_id: string; count: number; chars: number }[]> {
  return db.all(sql<{ device_id: string; count: number; chars: number }>('to_device.count')`
    SELECT device_id, count(*) AS count, sum(octet_length(json)) AS chars FROM to_device WHERE user_id = ${userId} GROUP BY device_id`)
}

/** Was this message of another server taken in before? */
export function isReceived(db: Database, origin: string, messageId: string): Promise<{ at: number } | undefined> {
  return db.first(sql<{ at: number }>('to_device_received.one')`
    SELECT at FROM to_device_received WHERE origin = ${origin} AND message_id = ${messageId}`)
}

/** Forget ids of messages that came before. */
export function forgetReceived(before: number): Query<unknown> {
  return sql('to_device_received.forget')`DELETE FROM to_device_received WHERE at < ${before}`
}

/** Whom one writer's messages after a position up to another are for, for other processes to follow. */
export function toDeviceOfSlot(
  db: Database,
  slot: number,
  after: number,
  upTo: number,
  limit: number,
): Promise<{ user_id: string; position: number }[]> {
  return db.all(sql<{ user_id: string; position: number }>('to_device.ofSlot')`
    SELECT DISTINCT user_id, position FROM to_device WHERE slot = ${slot} AND position > ${after} AND position <= ${upTo} AND position > 0
    ORDER BY position LIMIT ${limit}`)
}
