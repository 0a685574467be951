import {
  canonicalJson,
  emptyObject,
  isJsonObject,
  parseUserId,
  serverOf,
  type JsonObject,
  type MutableJsonObject,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { FederationClient } from '../federation/client/federation-client.ts'
import { queryUserKeys } from '../federation/wire/devices.ts'
import type { Clock } from '../platform/clock.ts'
import { askServers, failureJson } from './ask-servers.ts'
import { listsFetchedMax, listsFetchedMs, queriedDevicesMax, queriedUsersMax } from './limits.ts'
import type { DeviceList, LocalKeys } from './local-keys.ts'
import type { RemoteDeviceLists } from './remote-device-lists.ts'

interface Ports {
  readonly client: FederationClient
  readonly clock: Clock
  readonly serverName: ServerName
  readonly localKeys: LocalKeys
  readonly remoteLists: RemoteDeviceLists
}

/** Whose devices are asked for: all of a user's for an empty list. */
export type QueriedDevices = ReadonlyMap<UserId, readonly string[]>

/** Finds the keys of users' devices, ours and others' (Client-Server API, "Key management API"). */
export class KeyQueries {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The answer to one of our users as JSON. Servers that give none are named in `failures`. */
  async query(reader: UserId, wanted: QueriedDevices, timeoutMs: number | undefined): Promise<string> {
    const { serverName, remoteLists, localKeys } = this.#ports
    const answer = new KeyAnswer()
    const users = Map.groupBy(wanted.keys(), (userId) => serverOf(userId))
    const local = users.get(serverName) ?? []
    users.delete(serverName)
    for (const [userId, list] of await localKeys.lists(local, reader)) answer.add(userId, list, wanted.get(userId))

    const others = [...users.values()].flat()
    await this.#keepFew(others, wanted, timeoutMs)
    const { kept, missing } = await remoteLists.find(others)
    const remote = new Map(kept)
    const unknown = Map.groupBy(missing, (userId) => serverOf(userId))
    const bodies = new Map([...unknown].map(([server, userIds]) => [server, { device_keys: devicesOf(userIds, wanted) }]))
    const failed: UserId[] = []
    for (const each of await askServers(this.#ports, queryUserKeys, bodies, timeoutMs)) {
      const userIds = unknown.get(each.server) ?? []
      if ('failure' in each) {
        answer.failures[each.server] = failureJson(each.failure)
        failed.push(...userIds)
      } else for (const userId of userIds) remote.set(userId, readList(each.value, userId))
    }
    // What is known of old is better than nothing while a server is away.
    for (const [userId, list] of await remoteLists.findOld(failed)) remote.set(userId, list)
    for (const [userId, list] of await localKeys.signedBy(reader, remote)) answer.add(userId, list, wanted.get(userId))
    remoteLists.follow(missing)
    return answer.json()
  }

  /** A few whole lists are fetched to be kept: so they are asked for once. Of many, a server gives the keys at once. */
  async #keepFew(userIds: readonly UserId[], wanted: QueriedDevices, timeoutMs: number | undefined): Promise<void> {
    const { missing } = await this.#ports.remoteLists.find(userIds.filter((userId) => (wanted.get(userId) ?? []).length === 0))
    if (missing.length === 0 || missing.length > listsFetchedMax) return
    await this.#ports.remoteLists.fetchNow(missing, Math.min(timeoutMs ?? listsFetchedMs, listsFetchedMs))
  }

  /** What another server gets: users of ours, and no others (P08). */
  async queryForServer(wanted: QueriedDevices): Promise<string> {
    const answer = new KeyAnswer()
    const own = [...wanted.keys()].filter((userId) => serverOf(userId) === this.#ports.serverName)
    for (const [userId, list] of await this.#ports.localKeys.lists(own, undefined)) answer.add(userId, list, wanted.get(userId))
    return answer.json()
  }
}

/** The `device_keys` of a query. Ids that are none are left out. Throws M_TOO_LARGE. */
export function readQueried(deviceKeys: Readonly<Record<string, readonly string[]>>): QueriedDevices {
  const entries = Object.entries(deviceKeys)
  if (entries.length > queriedUsersMax) throw new MatrixError('M_TOO_LARGE', `a query names at most ${queriedUsersMax} users`)
  const wanted = new Map<UserId, readonly string[]>()
  for (const [user, devices] of entries) {
    const userId = parseUserId(user)
    if (devices.length > queriedDevicesMax) {
      throw new MatrixError('M_TOO_LARGE', `a query names at most ${queriedDevicesMax} devices of a user`)
    }
    if (userId !== undefined) wanted.set(userId, devices)
  }
  return wanted
}

/** What another server says of a user's devices and keys; of others it says nothing. */
export function readList(value: JsonObject, userId: UserId): DeviceList {
  const devices = new Map<string, JsonObject>()
  const ofUser = memberOf(value['device_keys'], userId)
  for (const [deviceId, keys] of Object.entries(ofUser ?? {})) {
    if (isJsonObject(keys) && keys['user_id'] === userId && keys['device_id'] === deviceId) devices.set(deviceId, keys)
  }
  return {
    devices,
    masterKey: ownKey(memberOf(value['master_keys'], userId), userId),
    selfSigningKey: ownKey(memberOf(value['self_signing_keys'], userId), userId),
    userSigningKey: undefined,
  }
}

/** A cross-signing key of this user, if it is one. */
export function ownKey(key: JsonObject | undefined, userId: UserId): JsonObject | undefined {
  return key?.['user_id'] === userId && isJsonObject(key['keys']) ? key : undefined
}

function memberOf(value: JsonObject[string] | undefined, name: string): JsonObject | undefined {
  const member = isJsonObject(value) ? value[name] : undefined
  return isJsonObject(member) ? member : undefined
}

function devicesOf(userIds: readonly UserId[], wanted: QueriedDevices): JsonObject {
  const members = emptyObject()
  for (const userId of userIds) members[userId] = [...(wanted.get(userId) ?? [])]
  return members
}

/** The answer in the making. */
class KeyAnswer {
  readonly failures = emptyObject()
  readonly #devices = emptyObject()
  readonly #master = emptyObject()
  readonly #selfSigning = emptyObject()
  readonly #userSigning = emptyObject()

  add(userId: UserId, list: DeviceList, wanted: readonly string[] | undefined): void {
    const devices: MutableJsonObject = emptyObject()
    for (const [deviceId, keys] of list.devices) {
      if (wanted === undefined || wanted.length === 0 || wanted.includes(deviceId)) devices[deviceId] = keys
    }
    this.#devices[userId] = devices
    if (list.masterKey !== undefined) this.#master[userId] = list.masterKey
    if (list.selfSigningKey !== undefined) this.#selfSigning[userId] = list.selfSigningKey
    if (list.userSigningKey !== undefined) this.#userSigning[userId] = list.userSigningKey
  }

  json(): string {
    const answer = emptyObject()
    answer['device_keys'] = this.#devices
    answer['failures'] = this.failures
    answer['master_keys'] = this.#master
    answer['self_signing_keys'] = this.#selfSigning
    answer['user_signing_keys'] = this.#userSigning
    return canonicalJson(answer)
  }
}
