import { canonicalJson, fitsUtf8, isJsonObject, serverOf, type JsonObject, type UserId } from '@causeway/events'
import type { FederationClient } from '../federation/client/federation-client.ts'
import { getUserDevices } from '../federation/wire/devices.ts'
import type { Rows } from '../storage/database.ts'
import type { Query } from '../storage/sql.ts'
import { deleteCrossSigningKeys, upsertCrossSigningKey, type KeyUsage } from '../storage/tables/cross-signing.ts'
import { deleteRemoteDevices, forgetRemoteList, markStale, upsertRemoteDevice, upsertRemoteList } from '../storage/tables/device-lists.ts'
import { deviceKeysBytesMax, keyBytesMax, remoteDevicesMax } from './limits.ts'
import { publicKeyOf } from './local-keys.ts'
import { isName } from './names.ts'
import { ownKey } from './query-keys.ts'

/** A list as another server gave it. */
export interface FetchedList {
  readonly streamId: number
  /** Entries of `/user/devices` by device id. */
  readonly devices: ReadonlyMap<string, JsonObject>
  readonly masterKey: JsonObject | undefined
  readonly selfSigningKey: JsonObject | undefined
}

/** What is written of a list. */
export interface ListParts {
  readonly rows: readonly Rows[]
  readonly steps: readonly Query<unknown>[]
}

/** Ask a user's server for the whole list (Server-Server API, `/user/devices`). Absent when it gives no usable answer. */
export async function fetchList(client: FederationClient, userId: UserId): Promise<FetchedList | undefined> {
  const answer = await client.call(serverOf(userId), getUserDevices, { params: { userId } })
  if (!answer.ok) return undefined
  const { user_id: user, stream_id: streamId, devices, master_key: master, self_signing_key: selfSigning } = answer.value
  if (user !== userId || typeof streamId !== 'number' || !Array.isArray(devices)) return undefined
  const kept = new Map<string, JsonObject>()
  for (const device of devices.slice(0, remoteDevicesMax)) {
    const entry = isJsonObject(device) ? deviceOf(userId, device) : undefined
    if (entry !== undefined) kept.set(entry.deviceId, entry.json)
  }
  return { streamId, devices: kept, masterKey: keyOf(master, userId), selfSigningKey: keyOf(selfSigning, userId) }
}

/** A device as another server tells it, if it is one of this user; without what is of no use to us. */
export function deviceOf(
  userId: UserId,
  { device_id: deviceId, keys, device_display_name: name }: JsonObject,
): { deviceId: string; json: JsonObject } | undefined {
  if (typeof deviceId !== 'string' || !isName(deviceId)) return undefined
  const own =
    isJsonObject(keys) && keys['user_id'] === userId && keys['device_id'] === deviceId && fitsUtf8(canonicalJson(keys), deviceKeysBytesMax)
  const json: JsonObject = {
    device_id: deviceId,
    ...(own ? { keys } : {}),
    ...(typeof name === 'string' ? { device_display_name: name.slice(0, 255) } : {}),
  }
  return { deviceId, json }
}

/** A cross-signing key of this user that may be kept. */
export function keyOf(value: JsonObject[string] | undefined, userId: UserId): JsonObject | undefined {
  const key = isJsonObject(value) ? ownKey(value, userId) : undefined
  return key !== undefined && fitsUtf8(canonicalJson(key), keyBytesMax) ? key : undefined
}

/** What replaces everything that is kept of a user; without a list nothing is kept any more. */
export function listParts(
  userId: UserId,
  list: (FetchedList & { readonly positions: ReadonlyMap<number, number> }) | undefined,
): ListParts {
  if (list === undefined) return { rows: [], steps: forgetRemoteList(userId) }
  const devices = [...list.devices].map(([deviceId, json]) => [userId, deviceId, canonicalJson(json)])
  const keys = keyRows(userId, list)
  return {
    steps: [deleteRemoteDevices(userId), deleteCrossSigningKeys(userId)],
    rows: [
      { write: upsertRemoteList, rows: [[userId, list.streamId, 0, JSON.stringify([...list.positions])]] },
      ...(devices.length === 0 ? [] : [{ write: upsertRemoteDevice, rows: devices }]),
      ...(keys.length === 0 ? [] : [{ write: upsertCrossSigningKey, rows: keys }]),
    ],
  }
}

/** The list has a gap. */
export function staleParts(userId: UserId): ListParts {
  return { rows: [], steps: [markStale(userId)] }
}

/** Rows for the cross-signing keys that are there. */
export function keyRows(userId: UserId, list: Pick<FetchedList, 'masterKey' | 'selfSigningKey'>): string[][] {
  const row = (usage: KeyUsage, key: JsonObject | undefined): string[][] =>
    key === undefined ? [] : [[userId, usage, publicKeyOf(key), canonicalJson(key)]]
  return [...row('master', list.masterKey), ...row('self_signing', list.selfSigningKey)]
}
