import {
  decodeBase64,
  isJsonObject,
  parseKeyId,
  verifyJson,
  type JsonObject,
  type JsonValue,
  type KeyId,
  type ServerName,
} from '@causeway/events'
import { currentKeysMax, keyValidMsMax, oldKeysMax } from '../limits.ts'
import { isRefusedKey } from './refused-keys.ts'

/** A key of another server. Times are milliseconds since 1970. */
export interface KnownKey {
  readonly keyId: KeyId
  readonly publicKey: Uint8Array
  /** Until when it is believed; never more than a week after it was fetched. */
  readonly validUntil: number
  /** When it stopped to be used; absent for a current key. */
  readonly expiredAt: number | undefined
  readonly fetchedAt: number
}

export type KeyAnswer =
  | { readonly ok: true; readonly keys: readonly KnownKey[]; readonly validUntil: number }
  | { readonly ok: false; readonly why: string }

const keyBytes = 32

/**
 * The keys that an answer of GET /_matrix/key/v2/server holds, if it is about `server` and signed by each key that it lists
 * as current. Keys of other algorithms are left out, and so are those whose secret everybody knows.
 * Server-Server API, "Retrieving server keys".
 */
export function readKeyAnswer(answer: JsonObject, server: ServerName, now: number): KeyAnswer {
  if (answer['server_name'] !== server) return { ok: false, why: 'it is about another server' }
  const until = answer['valid_until_ts']
  if (typeof until !== 'number') return { ok: false, why: 'it does not say until when it is valid' }
  const validUntil = Math.min(until, now + keyValidMsMax)
  const keys = new Map<KeyId, KnownKey>()

  const current = readKeys(answer['verify_keys'])
  if (current.length === 0 || current.length > currentKeysMax) return { ok: false, why: 'it lists no key, or too many' }
  for (const { keyId, publicKey } of current) {
    if (!verifyJson(answer, server, keyId, publicKey)) return { ok: false, why: `it is not signed by ${keyId}` }
    if (!isRefusedKey(publicKey)) keys.set(keyId, { keyId, publicKey, validUntil, expiredAt: undefined, fetchedAt: now })
  }
  for (const { keyId, publicKey, entry } of readKeys(answer['old_verify_keys']).slice(0, oldKeysMax)) {
    const expired = entry['expired_ts']
    if (typeof expired !== 'number' || keys.has(keyId) || isRefusedKey(publicKey)) continue
    // Nobody knows now that a key will have been good until next year.
    keys.set(keyId, { keyId, publicKey, validUntil, expiredAt: Math.min(expired, now), fetchedAt: now })
  }
  return { ok: true, keys: [...keys.values()], validUntil }
}

function readKeys(value: JsonValue | undefined): { readonly keyId: KeyId; readonly publicKey: Uint8Array; readonly entry: JsonObject }[] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([id, entry]) => {
    const keyId = parseKeyId(id)
    const text = isJsonObject(entry) ? entry['key'] : undefined
    const publicKey = typeof text === 'string' ? decodeBase64(text) : undefined
    return keyId === undefined || !isJsonObject(entry) || publicKey?.byteLength !== keyBytes
      ? []
      : [{ keyId, publicKey: kept(publicKey), entry }]
  })
}

/** A copy: decoded bytes are a slice of a larger buffer, which would stay in memory with them. */
function kept(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
