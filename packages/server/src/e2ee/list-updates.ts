import { canonicalJson, isJsonObject, type JsonObject, type UserId } from '@causeway/events'
import type { Rows } from '../storage/database.ts'
import type { Query } from '../storage/sql.ts'
import { upsertCrossSigningKey } from '../storage/tables/cross-signing.ts'
import { deleteRemoteDevice, upsertRemoteDevice, upsertRemoteList, type RemoteListRow } from '../storage/tables/device-lists.ts'
import { deviceOf, keyOf, keyRows, type ListParts } from './fetch-list.ts'

/**
 * What follows from updates (`{ type, content }`, in order) on a list that is current. Absent when one of them does not
 * follow on what is known: then the list has a gap. `changes`: is anything of it new? `kept`: the devices as they are kept, looked at
 * where an update is no newer than the list: a repetition says the same, and what says otherwise comes of a server that went on from a
 * backup, with numbers that it had used. Server-Server API, m.device_list_update.
 */
export function applyUpdates(
  userId: UserId,
  list: RemoteListRow,
  updates: readonly JsonObject[],
  kept: ReadonlyMap<string, JsonObject>,
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
    if (next <= streamId) {
      if (next <= list.stream_id && contradicts(content, device, kept.get(device.deviceId))) return undefined
      continue
    }
    // One of them was known to be the last, and no other came between.
    if (!before.includes(streamId) || before.some((id) => typeof id !== 'number' || id > streamId)) return undefined
    streamId = next
    devices.set(device.deviceId, deleted === true ? undefined : device.json)
  }
  const changed = [...devices].flatMap(([deviceId, json]) => (json === undefined ? [] : [[userId, deviceId, canonicalJson(json)]]))
  const steps: Query<unknown>[] = [...devices].flatMap(([deviceId, json]) =>
    json === undefined ? [deleteRemoteDevice(userId, deviceId)] : [],
  )
  const rows: Rows[] = [
    { write: upsertRemoteList, rows: [[userId, streamId, 0, list.positions]] },
    ...(changed.length === 0 ? [] : [{ write: upsertRemoteDevice, rows: changed }]),
    ...(keys.size === 0 ? [] : [{ write: upsertCrossSigningKey, rows: [...keys.values()] }]),
  ]
  return { rows, steps, changes: devices.size + keys.size > 0 }
}

/** Is one of these updates no newer than the list? */
export function tellsOld(list: RemoteListRow, updates: readonly JsonObject[]): boolean {
  return updates.some(({ content }) => {
    const streamId = isJsonObject(content) ? content['stream_id'] : undefined
    return typeof streamId === 'number' && streamId <= list.stream_id
  })
}

/** Does an update that is not newer say something else than what is kept? One that names itself only introduces its user. */
function contradicts(
  { stream_id: streamId, prev_id: before, deleted, keys }: JsonObject,
  told: { readonly json: JsonObject },
  kept: JsonObject | undefined,
): boolean {
  if (Array.isArray(before) && streamId !== undefined && before.includes(streamId)) return false
  if (deleted === true) return kept !== undefined
  return keys !== undefined && (kept === undefined || canonicalJson(kept) !== canonicalJson(told.json))
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
