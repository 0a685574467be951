import { canonicalJson, isJsonObject, type JsonObject, type UserId } from '@causeway/events'
import type { Rows } from '../storage/database.ts'
import type { Query } from '../storage/sql.ts'
import { upsertCrossSigningKey } from '../storage/tables/cross-signing.ts'
import { deleteRemoteDevice, upsertRemoteDevice, upsertRemoteList, type RemoteListRow } from '../storage/tables/device-lists.ts'
import { deviceOf, keyOf, keyRows, type ListParts } from './fetch-list.ts'

/**
 * What follows from updates (`{ type, content }`, in order) on a list that is current. Absent when one of them does not
 * follow on what is known: then the list has a gap. `changes`: is anything of it new? Server-Server API, m.device_list_update.
 */
export function applyUpdates(
  userId: UserId,
  list: RemoteListRow,
  updates: readonly JsonObject[],
): (ListParts & { readonly changes: boolean }) | undefined {
  let streamId = list.stream_id
  const devices = new Map<string, JsonObject | undefined>()
  const keys = new Map<string, string[]>()
  for (const { type, content } of updates) {
    if (!isJsonObject(content)) return undefined
    if (type !== 'm.device_list_update') {
      const found = { masterKey: keyOf(content['master_key'], userId), selfSigningKey: keyOf(content['self_signing_key'], userId) }
      for (const row of keyRows(userId, found)) keys.set(row[1] ?? '', row)
      continue
    }
    const { stream_id: next, prev_id: before = [], deleted } = content
    const device = deviceOf(userId, content)
    if (typeof next !== 'number' || device === undefined || !Array.isArray(before)) return undefined
    if (next <= streamId) continue
    // One of them was known to be the last, and no other came between.
    if (!before.includes(streamId) || before.some((id) => typeof id !== 'number' || id > streamId)) return undefined
    streamId = next
    devices.set(device.deviceId, deleted === true ? undefined : device.json)
  }
  const kept = [...devices].flatMap(([deviceId, json]) => (json === undefined ? [] : [[userId, deviceId, canonicalJson(json)]]))
  const steps: Query<unknown>[] = [...devices].flatMap(([deviceId, json]) =>
    json === undefined ? [deleteRemoteDevice(userId, deviceId)] : [],
  )
  const rows: Rows[] = [
    { write: upsertRemoteList, rows: [[userId, streamId, 0, list.positions]] },
    ...(kept.length === 0 ? [] : [{ write: upsertRemoteDevice, rows: kept }]),
    ...(keys.size === 0 ? [] : [{ write: upsertCrossSigningKey, rows: [...keys.values()] }]),
  ]
  return { rows, steps, changes: devices.size + keys.size > 0 }
}

/**
 * May an update say something new to those who never asked for the user's devices? Not that there is a device without keys, nor that
 * the list is as far as it names itself: that is how a server makes itself known to the servers of a room.
 */
export function tellsChange({ type, content }: JsonObject): boolean {
  if (!isJsonObject(content) || type !== 'm.device_list_update') return true
  const { keys, deleted, stream_id: streamId, prev_id: before } = content
  if (keys === undefined && deleted !== true) return false
  return !(Array.isArray(before) && typeof streamId === 'number' && before.includes(streamId))
}
