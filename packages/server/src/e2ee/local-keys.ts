import { emptyObject, isJsonObject, type JsonObject, type MutableJsonObject, type UserId } from '@causeway/events'
import type { Database } from '../storage/database.ts'
import {
  crossSigningKeysOf,
  keySignaturesOn,
  type CrossSigningRow,
  type KeySignatureRow,
  type KeyUsage,
} from '../storage/tables/cross-signing.ts'
import { deviceKeysOf } from '../storage/tables/device-keys.ts'
import { findDevice } from '../storage/tables/devices.ts'
import { listStreamId } from '../storage/tables/device-lists.ts'
import { isName, storedObject } from './names.ts'

/** Somebody's devices with keys, and cross-signing keys, as others may see them. */
export interface DeviceList {
  readonly devices: ReadonlyMap<string, JsonObject>
  readonly masterKey: JsonObject | undefined
  readonly selfSigningKey: JsonObject | undefined
  /** Only for the user themselves. */
  readonly userSigningKey: JsonObject | undefined
}

/** The keys of our own users, with the signatures that a reader may see. */
export class LocalKeys {
  readonly #db: Database
  readonly #namesAbroad: boolean

  /** `namesAbroad`: are other servers told how devices are named? */
  constructor(ports: { readonly db: Database; readonly namesAbroad: boolean }) {
    this.#db = ports.db
    this.#namesAbroad = ports.namesAbroad
  }

  /** What another server is told of a user. */
  async listOf(userId: UserId): Promise<DeviceList> {
    const lists = await this.lists([userId], undefined)
    return lists.get(userId) ?? { devices: new Map(), masterKey: undefined, selfSigningKey: undefined, userSigningKey: undefined }
  }

  /**
   * What `reader`, one of our users, may see of users: signatures that the owners made, and the reader's own. With names of
   * devices. Another server (no reader) is told names if the operator wants it (P08).
   */
  async lists(userIds: readonly UserId[], reader: UserId | undefined): Promise<Map<UserId, DeviceList>> {
    const lists = new Map<UserId, DeviceList>()
    if (userIds.length === 0) return lists
    const rows = Map.groupBy(await deviceKeysOf(this.#db, userIds), (row) => row.user_id)
    const signing = Map.groupBy(await crossSigningKeysOf(this.#db, userIds), (row) => row.user_id)
    const signatures = Map.groupBy(await keySignaturesOn(this.#db, userIds, reader ?? ''), (row) => row.target_user)
    for (const userId of userIds) {
      const given = signatures.get(userId) ?? []
      const devices = new Map<string, JsonObject>()
      for (const row of rows.get(userId) ?? []) {
        const keys = signed(storedObject(row.json), row.device_id, given)
        if ((reader !== undefined || this.#namesAbroad) && row.display_name !== null) {
          keys['unsigned'] = Object.assign(emptyObject(), { device_display_name: row.display_name })
        }
        devices.set(row.device_id, keys)
      }
      const key = (usage: KeyUsage): JsonObject | undefined => crossSigningKey(signing.get(userId) ?? [], usage, given)
      lists.set(userId, {
        devices,
        masterKey: key('master'),
        selfSigningKey: key('self_signing'),
        userSigningKey: reader === userId ? key('user_signing') : undefined,
      })
    }
    return lists
  }

  /** Lists of other servers' users, with the signatures that `reader`, one of our users, made on their master keys. */
  async signedBy(reader: UserId, lists: ReadonlyMap<UserId, DeviceList>): Promise<Map<UserId, DeviceList>> {
    if (lists.size === 0) return new Map()
    const signatures = Map.groupBy(await keySignaturesOn(this.#db, [...lists.keys()], reader), (row) => row.target_user)
    const entries = [...lists].map(([userId, list]): [UserId, DeviceList] => {
      const given = signatures.get(userId)
      if (given === undefined || list.masterKey === undefined) return [userId, list]
      return [userId, { ...list, masterKey: signed(list.masterKey, publicKeyOf(list.masterKey), given) }]
    })
    return new Map(entries)
  }

  async hasDevice(userId: UserId, deviceId: string): Promise<boolean> {
    return (await findDevice(this.#db, userId, deviceId)) !== undefined
  }

  /** What other servers have last been told of a user's devices. */
  streamId(userId: UserId): Promise<number> {
    return listStreamId(this.#db, userId)
  }
}

function crossSigningKey(rows: readonly CrossSigningRow[], usage: KeyUsage, given: readonly KeySignatureRow[]): JsonObject | undefined {
  const row = rows.find((each) => each.usage === usage)
  return row === undefined ? undefined : signed(storedObject(row.json), row.public_key, given)
}

/** The public key of a cross-signing key: the value of the only entry of `keys`. */
export function publicKeyOf(key: JsonObject): string {
  const first = isJsonObject(key['keys']) ? Object.values(key['keys'])[0] : undefined
  return typeof first === 'string' && isName(first) ? first : '-'
}

/** Keys with the signatures that were uploaded apart from them added to their own. */
export function signed(keys: JsonObject, target: string, given: readonly KeySignatureRow[]): MutableJsonObject {
  const own = Object.assign(emptyObject(), keys)
  const fitting = given.filter((row) => row.target === target)
  if (fitting.length === 0) return own
  const all = Object.assign(emptyObject(), isJsonObject(keys['signatures'] ?? null) ? keys['signatures'] : undefined)
  for (const { signer, key_id: keyId, signature } of fitting) {
    const before = all[signer]
    all[signer] = Object.assign(emptyObject(), before !== undefined && isJsonObject(before) ? before : undefined, { [keyId]: signature })
  }
  own['signatures'] = all
  return own
}
