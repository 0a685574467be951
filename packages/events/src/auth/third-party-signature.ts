import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { decodeBase64, decodeBase64Url, encodeBase64Url } from '../base64.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { THIRD_PARTY_INVITE_KEYS_MAX, THIRD_PARTY_INVITE_SIGNATURES_MAX } from '../limits.ts'

const publicKeyBytes = 32
const signatureBytes = 64

/**
 * Does any ed25519 signature in `signed`, the proof of an invite by third party, fit any public key in the content of the
 * m.room.third_party_invite event?
 * https://spec.matrix.org/v1.19/server-server-api/#verifying-the-invite
 */
export function isSignedByInviteKey(signed: JsonObject, inviteContent: JsonObject): boolean {
  const signatures = signaturesOf(signed)
  const keys = signatures.length === 0 ? [] : keysOf(inviteContent)
  if (keys.length === 0) return false

  const message = Buffer.from(canonicalJson(withoutSignatures(signed)))
  return keys.some((key) => signatures.some((signature) => verify(null, message, key, signature)))
}

function signaturesOf(signed: JsonObject): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  const { signatures } = signed
  if (!isJsonObject(signatures)) return found
  for (const byServer of Object.values(signatures)) {
    if (!isJsonObject(byServer)) continue
    for (const [keyId, signature] of Object.entries(byServer)) {
      const bytes = keyId.startsWith('ed25519:') ? bytesOf(signature, signatureBytes) : undefined
      if (bytes !== undefined) found.push(bytes)
      if (found.length === THIRD_PARTY_INVITE_SIGNATURES_MAX) return found
    }
  }
  return found
}

function keysOf(content: JsonObject): readonly KeyObject[] {
  const listed = Array.isArray(content['public_keys']) ? content['public_keys'] : []
  const texts = [content['public_key'], ...listed.map((entry) => (isJsonObject(entry) ? entry['public_key'] : undefined))]
  const keys: KeyObject[] = []
  for (const text of texts) {
    const bytes = bytesOf(text, publicKeyBytes)
    if (bytes === undefined) continue
    keys.push(createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: encodeBase64Url(bytes) }, format: 'jwk' }))
    if (keys.length === THIRD_PARTY_INVITE_KEYS_MAX) return keys
  }
  return keys
}

/** Identity servers write either alphabet of base64. */
function bytesOf(text: JsonValue | undefined, length: number): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = decodeBase64(text) ?? decodeBase64Url(text)
  return bytes?.byteLength === length ? bytes : undefined
}

function withoutSignatures(signed: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(signed).filter(([name]) => name !== 'signatures' && name !== 'unsigned'))
}
