import sodium from 'sodium-native'
import { assert } from '../assert.ts'
import type { KeyId } from '../ids/ids.ts'

const SEED_BYTES = 32
const PUBLIC_KEY_BYTES = 32
const SECRET_KEY_BYTES = 64
const SIGNATURE_BYTES = 64

/** A server's own ed25519 key. Spec: appendices, signing details. */
export interface SigningKey {
  readonly keyId: KeyId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The signature over `message`, 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

/** The key that grows from a seed of 32 bytes, which is what a server stores. The caller may overwrite the seed afterwards. */
export function signingKeyFromSeed(keyId: KeyId, seed: Uint8Array): SigningKey {
  assert(seed.byteLength === SEED_BYTES, 'a signing key has a seed of 32 bytes')
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES)
  const secretKey = new Uint8Array(SECRET_KEY_BYTES)
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)
  return {
    keyId,
    publicKey,
    sign(message) {
      const signature = new Uint8Array(SIGNATURE_BYTES)
      sodium.crypto_sign_detached(signature, message, secretKey)
      return signature
    },
  }
}

/** Is `signature` by the owner of `publicKey` over `message`? Keys and signatures of a wrong length are just wrong. */
export function verifyBytes(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES || signature.byteLength !== SIGNATURE_BYTES) return false
  return sodium.crypto_sign_verify_detached(signature, message, publicKey)
}
