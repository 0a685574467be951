import { isJsonObject, type JsonObject, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database, Rows } from '../storage/database.ts'
import { deviceStands, findDeviceKeys, upsertDeviceKeys } from '../storage/tables/device-keys.ts'
import {
  fallbackKeysOf,
  insertOneTimeKey,
  issuedKeysOf,
  oneTimeKeysOf,
  pruneKeys,
  upsertFallbackKey,
} from '../storage/tables/one-time-keys.ts'
import type { OneTimeKeysAnnouncement } from './announcements.ts'
import { deviceKeysBytesMax, fallbackKeysMax, issuedKeysMax, keyBytesMax, oneTimeKeysMax } from './limits.ts'
import type { ListOutbox } from './list-outbox.ts'
import { jsonWithin, objectIn, splitKeyId } from './names.ts'
import type { OneTimeKeys } from './one-time-keys.ts'
import type { OwnDeviceLists } from './own-device-lists.ts'

/** Whose keys they are. */
export interface KeyOwner {
  readonly userId: UserId
  readonly deviceId: string
}

/** The body of /keys/upload; each member is checked here. */
export interface KeyUpload {
  readonly deviceKeys: unknown
  readonly oneTimeKeys: unknown
  readonly fallbackKeys: unknown
}

interface Ports {
  readonly db: Database
  readonly log: Logger
  readonly epoch: number
  readonly oneTimeKeys: OneTimeKeys
  readonly outbox: ListOutbox
  readonly lists: OwnDeviceLists
}

/** A one-time or fallback key, as it is stored. */
export interface ParsedKey {
  readonly algorithm: string
  readonly id: string
  readonly json: string
}

/** Takes in the keys that devices upload (Client-Server API, "Uploading keys"). */
export class KeyUploads {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Take in keys. A one-time key whose id is known with another key, or was given away lately, is left out and hinders no
   * other. Gives the counts by algorithm. Throws M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE.
   */
  async upload(owner: KeyOwner, upload: KeyUpload): Promise<Record<string, number>> {
    const { db, epoch, outbox, lists, oneTimeKeys } = this.#ports
    const { userId, deviceId } = owner
    const deviceKeys = upload.deviceKeys === undefined ? undefined : readDeviceKeys(owner, upload.deviceKeys)
    const offered = readKeys(upload.oneTimeKeys, 'one_time_keys', oneTimeKeysMax)
    const fallback = readKeys(upload.fallbackKeys, 'fallback_keys', fallbackKeysMax)
    const isNew = deviceKeys !== undefined && (await findDeviceKeys(db, userId, deviceId))?.json !== deviceKeys
    const added = offered.length === 0 ? [] : await this.#addable(owner, offered)
    const fallbackRows = fallback.length === 0 ? [] : await this.#fallbackRows(owner, fallback)
    if (isNew || added.length > 0 || fallbackRows.length > 0) {
      const change = outbox.changed(userId, isNew ? [deviceId] : [])
      const counts: OneTimeKeysAnnouncement = { kind: 'one-time-keys', userId, deviceId }
      const rows: Rows[] = [
        ...(isNew ? [{ write: upsertDeviceKeys, rows: [[userId, deviceId, deviceKeys]] }] : []),
        ...(added.length === 0
          ? []
          : [
              {
                write: insertOneTimeKey,
                rows: added.map(({ algorithm, id, json }) => [userId, deviceId, algorithm, id, oneTimeKeys.nextSeq(), epoch, json]),
              },
            ]),
        ...(fallbackRows.length === 0 ? [] : [{ write: upsertFallbackKey, rows: fallbackRows }]),
        ...change.rows,
      ]
      const pruning = added.length === 0 ? [] : pruneKeys(userId, deviceId, epoch, issuedKeysMax)
      const outcome = await db.commit({
        steps: [{ query: deviceStands(userId, deviceId), expect: 1 }, ...pruning.map((query) => ({ query }))],
        rows,
        announcements: [counts, ...change.announcements],
      })
      if (!outcome.committed) throw new MatrixError('M_UNKNOWN_TOKEN', 'this device was removed')
      if (isNew) await lists.settled(userId)
    }
    return oneTimeKeys.count(userId, deviceId)
  }

  /** What of the offered keys is new; the others are there already or refused. */
  async #addable({ userId, deviceId }: KeyOwner, offered: readonly ParsedKey[]): Promise<ParsedKey[]> {
    const { db, epoch, log } = this.#ports
    const stored = await oneTimeKeysOf(db, userId, deviceId, epoch)
    const known = new Map(stored.map((row) => [`${row.algorithm}:${row.key_id}`, row.json]))
    const issued = new Set((await issuedKeysOf(db, userId, deviceId)).map((row) => `${row.algorithm}:${row.key_id}`))
    const added: ParsedKey[] = []
    let refused = 0
    for (const key of offered) {
      const name = `${key.algorithm}:${key.id}`
      const json = known.get(name)
      if (json === undefined && !issued.has(name)) added.push(key)
      else if (json !== key.json) refused += 1
    }
    if (refused > 0) log.info({ user: userId, device: deviceId, refused }, 'one-time keys were offered again under ids that are taken')
    if (known.size + added.length > oneTimeKeysMax) {
      throw new MatrixError('M_TOO_LARGE', `a device has at most ${oneTimeKeysMax} one-time keys`)
    }
    return added
  }

  /** A fallback key that is there already stays as used as it is. */
  async #fallbackRows({ userId, deviceId }: KeyOwner, offered: readonly ParsedKey[]): Promise<(string | number)[][]> {
    const known = await fallbackKeysOf(this.#ports.db, userId, deviceId)
    const byAlgorithm = new Map(offered.map((key) => [key.algorithm, key]))
    if (new Set([...known.map(({ algorithm }) => algorithm), ...byAlgorithm.keys()]).size > fallbackKeysMax) {
      throw new MatrixError('M_TOO_LARGE', `a device has at most ${fallbackKeysMax} fallback keys`)
    }
    return [...byAlgorithm.values()]
      .filter(({ algorithm, id, json }) => !known.some((row) => row.algorithm === algorithm && row.key_id === id && row.json === json))
      .map(({ algorithm, id, json }) => [userId, deviceId, algorithm, id, json, 0])
  }
}

/** The keys of a device that may be told to others. Throws M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE. */
export function readDeviceKeys({ userId, deviceId }: KeyOwner, value: unknown): string {
  const object = objectIn(value, 'device_keys')
  const { user_id: owner, device_id: device, algorithms, keys, signatures } = object
  if (typeof owner !== 'string' || typeof device !== 'string') throw bad('device_keys names its user and device')
  if (owner !== userId || device !== deviceId) {
    throw new MatrixError('M_INVALID_PARAM', 'device_keys are those of another user or device')
  }
  if (!Array.isArray(algorithms) || !algorithms.every((each) => typeof each === 'string')) throw bad('algorithms is a list of strings')
  if (keys === undefined || !isJsonObject(keys) || !Object.values(keys).every((each) => typeof each === 'string')) {
    throw bad('keys is an object of strings')
  }
  for (const keyId of Object.keys(keys)) {
    if (splitKeyId(keyId)?.id !== deviceId) throw bad('a key of a device is named <algorithm>:<device id>')
  }
  if (!isSignatures(signatures)) throw bad('signatures is an object of users, keys and strings')
  // What is in there is for servers to say.
  const { unsigned: _unsigned, ...said } = object
  return jsonWithin(said, deviceKeysBytesMax, 'device_keys')
}

/** Is this an object of users, each with an object of signatures by key id? */
export function isSignatures(value: JsonObject[string] | undefined): boolean {
  if (value === undefined || !isJsonObject(value)) return false
  return Object.values(value).every((byKey) => isJsonObject(byKey) && Object.values(byKey).every((each) => typeof each === 'string'))
}

/** Keys by `<algorithm>:<id>`, each a string or an object with a `key`. Throws M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE. */
export function readKeys(value: unknown, what: string, max: number): ParsedKey[] {
  if (value === undefined) return []
  const entries = Object.entries(objectIn(value, what))
  if (entries.length > max) throw new MatrixError('M_TOO_LARGE', `${what} holds at most ${max} keys`)
  return entries.map(([keyId, key]) => {
    const parts = splitKeyId(keyId)
    if (parts === undefined) throw new MatrixError('M_INVALID_PARAM', `${what}: a key is named <algorithm>:<id>`)
    const isKey = typeof key === 'string' || (isJsonObject(key) && typeof key['key'] === 'string')
    if (!isKey) throw bad(`${what}: a key is a string, or an object with one`)
    return { ...parts, json: jsonWithin(key, keyBytesMax, what) }
  })
}

function bad(why: string): MatrixError {
  return new MatrixError('M_BAD_JSON', why)
}
