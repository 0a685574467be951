import {
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
import type { Database } from '../storage/database.ts'
import { countKeySignatures, crossSigningKeysOf, upsertKeySignature, type CrossSigningRow } from '../storage/tables/cross-signing.ts'
import { findDeviceKeys } from '../storage/tables/device-keys.ts'
import { upsertDeviceListChange } from '../storage/tables/device-lists.ts'
import type { DeviceListAnnouncement } from './announcements.ts'
import { sameUnsigned } from './cross-signing.ts'
import { signaturesPerRequestMax, signaturesPerUserMax } from './limits.ts'
import { signingKeysEntry, type ListOutbox } from './list-outbox.ts'
import { objectIn, storedObject } from './names.ts'
import type { OwnDeviceLists } from './own-device-lists.ts'
import type { RemoteDeviceLists } from './remote-device-lists.ts'
import { goodSignature, signatureOf } from './verify-signature.ts'

interface Ports {
  readonly db: Database
  readonly serverName: ServerName
  readonly outbox: ListOutbox
  readonly lists: OwnDeviceLists
  readonly remoteLists: RemoteDeviceLists
}

/** A signature that is checked. */
interface Signature {
  readonly target: string
  readonly keyId: string
  readonly signature: string
}

/** Why one key's signatures were not taken. */
class Fault extends Error {
  readonly errcode: 'M_INVALID_SIGNATURE' | 'M_NOT_FOUND' | 'M_INVALID_PARAM'

  constructor(errcode: Fault['errcode'], why: string) {
    super(why)
    this.errcode = errcode
  }
}

/** Takes in signatures that users make on keys (Client-Server API, "Key and signature security"). Each is checked (U15). */
export class KeySignatures {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Take in signatures by user and key. Gives the failures, by user and key. Throws M_BAD_JSON, M_TOO_LARGE. */
  async upload(signer: UserId, body: unknown): Promise<JsonObject> {
    const users = objectIn(body, 'the body')
    const own = await crossSigningKeysOf(this.#ports.db, [signer])
    const failures = emptyObject()
    const rows: string[][] = []
    const ownTargets: string[] = []
    const others = new Set<UserId>()
    let count = 0
    for (const [user, keys] of Object.entries(users)) {
      if (!isJsonObject(keys)) throw new MatrixError('M_BAD_JSON', 'the keys of a user are an object')
      for (const [target, object] of Object.entries(keys)) {
        count += 1
        if (count > signaturesPerRequestMax) throw new MatrixError('M_TOO_LARGE', `a request signs at most ${signaturesPerRequestMax} keys`)
        try {
          const userId = parseUserId(user)
          if (userId === undefined || !isJsonObject(object)) throw new Fault('M_INVALID_PARAM', 'this is no key of a user')
          const found =
            userId === signer ? await this.#onOwn(signer, own, target, object) : [await this.#onOther(signer, own, userId, target, object)]
          rows.push(...found.map((each) => [signer, userId, each.target, each.keyId, each.signature]))
          if (userId === signer) ownTargets.push(own.some((row) => row.public_key === target) ? signingKeysEntry : target)
          else others.add(userId)
        } catch (error) {
          if (!(error instanceof Fault)) throw error
          note(failures, user)[target] = { errcode: error.errcode, error: error.message }
        }
      }
    }
    if (rows.length > 0) await this.#write(signer, rows, ownTargets, [...others])
    return failures
  }

  /** A device of the signer's, signed by their self-signing key, or their master key, signed by devices. */
  async #onOwn(signer: UserId, own: readonly CrossSigningRow[], target: string, object: JsonObject): Promise<Signature[]> {
    const { db } = this.#ports
    const device = await findDeviceKeys(db, signer, target)
    if (device !== undefined) {
      if (!sameUnsigned(storedObject(device.json), object)) throw new Fault('M_INVALID_SIGNATURE', 'these are not the keys of this device')
      const key = own.find(({ usage }) => usage === 'self_signing')
      if (key === undefined) throw new Fault('M_NOT_FOUND', 'there is no self-signing key')
      return [checked(object, signer, `ed25519:${key.public_key}`, key.public_key, target)]
    }
    const master = own.find(({ usage }) => usage === 'master')
    if (master === undefined || master.public_key !== target) throw new Fault('M_NOT_FOUND', 'there is no such device or key')
    if (!sameUnsigned(storedObject(master.json), object)) throw new Fault('M_INVALID_SIGNATURE', 'this is not the master key')
    const given = isJsonObject(object['signatures']) ? object['signatures'][signer] : undefined
    const signatures: Signature[] = []
    for (const keyId of Object.keys(isJsonObject(given) ? given : {})) {
      const deviceId = keyId.slice(keyId.indexOf(':') + 1)
      const keys = keyId.startsWith('ed25519:') ? (await findDeviceKeys(db, signer, deviceId))?.json : undefined
      const all = keys === undefined ? undefined : storedObject(keys)['keys']
      const publicKey = isJsonObject(all) ? all[keyId] : undefined
      // The key's own signature, and those of devices that went, stand in what was uploaded: they are neither new nor ours to judge.
      if (typeof publicKey === 'string') signatures.push(checked(object, signer, keyId, publicKey, target))
    }
    if (signatures.length === 0) throw new Fault('M_INVALID_SIGNATURE', 'no device of the user has signed it')
    return signatures
  }

  /** Another user's master key, signed by the signer's user-signing key. */
  async #onOther(signer: UserId, own: readonly CrossSigningRow[], userId: UserId, target: string, object: JsonObject): Promise<Signature> {
    const key = own.find(({ usage }) => usage === 'user_signing')
    if (key === undefined) throw new Fault('M_NOT_FOUND', 'there is no user-signing key')
    const known = await this.#masterKeyOf(userId)
    if (known === undefined) throw new Fault('M_NOT_FOUND', 'the user has no master key')
    const keys = known['keys']
    if (!isJsonObject(keys) || keys[`ed25519:${target}`] !== target) {
      throw new Fault('M_NOT_FOUND', 'this is not the master key of the user')
    }
    if (!sameUnsigned(known, object)) throw new Fault('M_INVALID_SIGNATURE', 'this is not the master key of the user')
    return checked(object, signer, `ed25519:${key.public_key}`, key.public_key, target)
  }

  async #masterKeyOf(userId: UserId): Promise<JsonObject | undefined> {
    const { db, serverName, remoteLists } = this.#ports
    if (serverOf(userId) !== serverName) return (await remoteLists.masterKey(userId)) ?? undefined
    const row = (await crossSigningKeysOf(db, [userId])).find(({ usage }) => usage === 'master')
    return row === undefined ? undefined : storedObject(row.json)
  }

  async #write(signer: UserId, rows: readonly string[][], ownTargets: readonly string[], others: readonly UserId[]): Promise<void> {
    const { db, outbox, lists } = this.#ports
    if ((await countKeySignatures(db, signer)) + rows.length > signaturesPerUserMax) {
      throw new MatrixError('M_TOO_LARGE', `a user uploads at most ${signaturesPerUserMax} signatures`)
    }
    const told = outbox.changed(signer, ownTargets)
    const { slot } = db
    const position = others.length === 0 ? 0 : db.nextPosition()
    // What the signer says of others is for the signer's own devices alone.
    const seen = others.map((userId) => [userId, signer, slot, position])
    const announcements: DeviceListAnnouncement[] = others.map((ofUser) => ({
      kind: 'device-list',
      slot,
      position,
      ofUser,
      userId: signer,
    }))
    const unique = new Map(rows.map((row) => [JSON.stringify(row.slice(0, 4)), row]))
    await db.commit({
      rows: [
        { write: upsertKeySignature, rows: [...unique.values()] },
        ...(seen.length === 0 ? [] : [{ write: upsertDeviceListChange, rows: seen }]),
        ...told.rows,
      ],
      announcements: [...announcements, ...told.announcements],
    })
    await lists.settled(signer)
  }
}

function checked(object: JsonObject, signer: UserId, keyId: string, publicKey: string, target: string): Signature {
  if (signatureOf(object, signer, keyId) === undefined) {
    throw new Fault('M_INVALID_SIGNATURE', 'it is not signed by the key that must sign it')
  }
  const signature = goodSignature(object, signer, keyId, publicKey)
  if (signature === undefined) throw new Fault('M_INVALID_SIGNATURE', 'the signature is wrong')
  return { target, keyId, signature }
}

function note(failures: MutableJsonObject, user: string): MutableJsonObject {
  const known = failures[user]
  // Only this file's own objects are in it.
  if (isJsonObject(known)) return known as MutableJsonObject
  const made = emptyObject()
  failures[user] = made
  return made
}
