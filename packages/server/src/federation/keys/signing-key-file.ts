import { decodeBase64, encodeBase64, parseKeyId, signingKeyFromSeed, type KeyId, type SigningKey } from '@causeway/events'
import { readTextFile, writePrivateFile } from '../../platform/files.ts'
import type { Random } from '../../platform/random.ts'
import { isRefusedKey } from './refused-keys.ts'

/** A key that this server no longer signs with. */
export interface OldKey {
  readonly keyId: KeyId
  readonly publicKey: Uint8Array
  /** Milliseconds since 1970. */
  readonly expiredAt: number
}

/** This server's keys. */
export interface OwnKeys {
  /** The one that it signs with. */
  readonly signing: SigningKey
  /** Others that are published as current, such as the next one. */
  readonly others: readonly SigningKey[]
  readonly old: readonly OldKey[]
}

const seedBytes = 32
const keyBytes = 32

/**
 * This server's keys from their file; at the first start a key is made and kept (mode 0600).
 *
 * A line `ed25519 a_AbCd SEED` (base64) is a key, as other servers keep theirs, so that a server can move with its name; the
 * first one signs. A line `old ed25519 a_AbCd PUBLIC_KEY EXPIRED_TS` is one that is no longer used. Throws an error that the
 * operator can act on; the message never shows a seed.
 */
export async function loadOrMakeOwnKeys(path: string, random: Random): Promise<OwnKeys> {
  const text = await readTextFile(path)
  if (text !== undefined) return parseOwnKeys(text, path)
  const made = `ed25519 a_${random.token(4)} ${encodeBase64(random.bytes(seedBytes))}\n`
  await writePrivateFile(path, made)
  return parseOwnKeys(made, path)
}

/**
 * The key with which this server signs as a policy server, from its file: one line `ed25519 policy_server SEED`. It is made when there is
 * none. Throws an error that the operator can act on.
 */
export async function loadOrMakePolicyKey(path: string, random: Random): Promise<SigningKey> {
  const made = `ed25519 policy_server ${encodeBase64(random.bytes(seedBytes))}\n`
  const text = await readTextFile(path)
  if (text === undefined) await writePrivateFile(path, made)
  const { signing } = parseOwnKeys(text ?? made, path)
  if (signing.keyId !== 'ed25519:policy_server') throw new Error(`${path}: the key of a policy server is called policy_server`)
  return signing
}

/** The keys that the text of a signing key file holds. Throws for a line that is none. */
export function parseOwnKeys(text: string, path: string): OwnKeys {
  const current: SigningKey[] = []
  const old: OldKey[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/)
    if (words[0] === '' || words[0]?.startsWith('#') === true) continue
    const place = `${path}, line ${index + 1}`
    if (words[0] === 'old') old.push(oldKey(words.slice(1), place))
    else current.push(currentKey(words, place))
  }
  const [signing, ...others] = current
  if (signing === undefined) {
    throw new Error(`${path} holds no signing key; restore it from a backup, or remove the file to start as a new server`)
  }
  return { signing, others, old }
}

function currentKey([algorithm, version, base64, ...rest]: readonly string[], place: string): SigningKey {
  const keyId = parseKeyId(`${algorithm ?? ''}:${version ?? ''}`)
  const seed = decodeBase64(base64 ?? '')
  if (keyId === undefined || seed?.byteLength !== seedBytes || rest.length > 0) {
    throw new Error(`${place}: not a key such as "ed25519 a_AbCd SEED"`)
  }
  const key = signingKeyFromSeed(keyId, seed)
  if (isRefusedKey(key.publicKey)) {
    throw new Error(`${place}: everybody knows this key; make a new one, or anyone can speak for your server`)
  }
  return key
}

function oldKey([algorithm, version, base64, expired, ...rest]: readonly string[], place: string): OldKey {
  const keyId = parseKeyId(`${algorithm ?? ''}:${version ?? ''}`)
  const publicKey = decodeBase64(base64 ?? '')
  if (keyId === undefined || publicKey?.byteLength !== keyBytes || !/^\d{1,15}$/.test(expired ?? '') || rest.length > 0) {
    throw new Error(`${place}: not an old key such as "old ed25519 a_AbCd PUBLIC_KEY EXPIRED_TS"`)
  }
  return { keyId, publicKey, expiredAt: Number(expired) }
}
