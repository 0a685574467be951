import { canonicalJson, isJsonObject, type JsonObject, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Database } from '../storage/database.ts'
import {
  crossSigningKeysOf,
  deleteSignaturesBy,
  hasNoMasterKey,
  upsertCrossSigningKey,
  type CrossSigningRow,
  type KeyUsage,
} from '../storage/tables/cross-signing.ts'
import { findDevice } from '../storage/tables/devices.ts'
import type { UnitParts } from '../users/unit.ts'
import { keyBytesMax } from './limits.ts'
import { signingKeysEntry, type ListOutbox } from './list-outbox.ts'
import { jsonWithin, objectIn } from './names.ts'
import type { OwnDeviceLists } from './own-device-lists.ts'
import { isSignatures } from './upload-keys.ts'
import { goodSignature } from './verify-signature.ts'

interface Ports {
  readonly db: Database
  readonly outbox: ListOutbox
  readonly lists: OwnDeviceLists
}

/** The body of /keys/device_signing/upload; each member is checked here. */
export type SigningUpload = { readonly [usage in KeyUsage]: unknown }

/** Keys that are checked and may be written. */
export interface SigningChange {
  readonly keys: readonly SigningKeyUpload[]
  /** Nothing is new: it may be written without proof, and changes nothing. */
  readonly isSame: boolean
  /** There was no master key before: it may be written without proof. */
  readonly isFirst: boolean
}

interface SigningKeyUpload {
  readonly usage: KeyUsage
  readonly publicKey: string
  readonly object: JsonObject
  readonly json: string
}

const usages: readonly KeyUsage[] = ['master', 'self_signing', 'user_signing']

/** Users' cross-signing keys (Client-Server API, "Cross-signing"). */
export class CrossSigning {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Check what a user wants to upload. Throws M_BAD_JSON, M_INVALID_PARAM, M_MISSING_PARAM without a master key, M_INVALID_SIGNATURE
   * for a key that the master key has not signed, M_FORBIDDEN for a key that is named like a device.
   */
  async check(userId: UserId, upload: SigningUpload): Promise<SigningChange> {
    const { db } = this.#ports
    const stored = await crossSigningKeysOf(db, [userId])
    const keys = usages.flatMap((usage) => (upload[usage] === undefined ? [] : [readKey(userId, usage, upload[usage])]))
    const master = keys.find(({ usage }) => usage === 'master')?.publicKey ?? publicKeyOf(stored, 'master')
    if (master === undefined) throw new MatrixError('M_MISSING_PARAM', 'there is no master key')
    for (const { usage, publicKey, object } of keys) {
      if (usage !== 'master' && goodSignature(object, userId, `ed25519:${master}`, master) === undefined) {
        throw new MatrixError('M_INVALID_SIGNATURE', `the ${usage} key is not signed by the master key`)
      }
      if ((await findDevice(db, userId, publicKey)) !== undefined) throw new MatrixError('M_FORBIDDEN', 'a device has the id of this key')
    }
    const known = (key: SigningKeyUpload): boolean => {
      const row = stored.find((each) => each.usage === key.usage)
      return row?.public_key === key.publicKey
    }
    return {
      keys,
      isSame: keys.every((key) => known(key)) && publicKeyOf(stored, 'master') !== undefined,
      isFirst: publicKeyOf(stored, 'master') === undefined,
    }
  }

  /** Write checked keys as one unit with `also` (a proof that is spent): others are told. Keys that took the place of others void what those signed. */
  async write(userId: UserId, change: SigningChange, also: UnitParts): Promise<void> {
    const { db, outbox, lists } = this.#ports
    if (change.keys.length === 0) return
    const stored = await crossSigningKeysOf(db, [userId])
    const replaced = change.keys.flatMap(({ usage, publicKey }) => {
      const was = publicKeyOf(stored, usage)
      return was === undefined || was === publicKey ? [] : [`ed25519:${was}`]
    })
    const told = outbox.changed(userId, [signingKeysEntry])
    const guards = also.steps ?? []
    const outcome = await db.commit({
      steps: [
        ...guards.map(({ query, expect }) => (expect === undefined ? { query } : { query, expect })),
        // Two devices may be first at the same moment: only one of them goes without a proof.
        ...(change.isFirst ? [{ query: hasNoMasterKey(userId), expect: 1 }] : []),
        ...replaced.map((keyId) => ({ query: deleteSignaturesBy(userId, keyId) })),
      ],
      rows: [
        ...(also.rows ?? []),
        { write: upsertCrossSigningKey, rows: change.keys.map(({ usage, publicKey, json }) => [userId, usage, publicKey, json]) },
        ...told.rows,
      ],
      announcements: [...(also.announcements ?? []), ...told.announcements],
    })
    if (!outcome.committed) throw guards[outcome.refusedBy]?.refusal?.() ?? new MatrixError('M_FORBIDDEN', 'other keys came first')
    await lists.settled(userId)
  }
}

function publicKeyOf(rows: readonly CrossSigningRow[], usage: KeyUsage): string | undefined {
  return rows.find((row) => row.usage === usage)?.public_key
}

function readKey(userId: UserId, usage: KeyUsage, value: unknown): SigningKeyUpload {
  const object = objectIn(value, `${usage}_key`)
  const { user_id: owner, usage: uses, keys, signatures } = object
  if (owner !== userId) throw new MatrixError('M_INVALID_PARAM', `the ${usage} key is another user's`)
  if (!Array.isArray(uses) || !uses.includes(usage)) throw new MatrixError('M_INVALID_PARAM', `the ${usage} key is for something else`)
  const entries = isJsonObject(keys) ? Object.entries(keys) : []
  const [keyId, publicKey] = entries[0] ?? []
  if (entries.length !== 1 || typeof publicKey !== 'string' || keyId !== `ed25519:${publicKey}` || !/^[A-Za-z0-9+/]{43}$/.test(publicKey)) {
    throw new MatrixError('M_INVALID_PARAM', `the ${usage} key must hold one ed25519 key under its own name`)
  }
  if (signatures !== undefined && !isSignatures(signatures)) {
    throw new MatrixError('M_BAD_JSON', 'signatures is an object of users, keys and strings')
  }
  return { usage, publicKey, object, json: jsonWithin(object, keyBytesMax, `${usage}_key`) }
}

/** Are two keys the same apart from who signed them? */
export function sameUnsigned(one: JsonObject, other: JsonObject): boolean {
  return bare(one) === bare(other)
}

function bare(object: JsonObject): string {
  const { signatures: _signatures, unsigned: _unsigned, ...rest } = object
  return canonicalJson(rest)
}
