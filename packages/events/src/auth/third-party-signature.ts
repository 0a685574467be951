import { decodeBase64, decodeBase64Url } from '../base64.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { THIRD_PARTY_INVITE_KEYS_MAX, THIRD_PARTY_INVITE_SIGNATURES_MAX } from '../limits.ts'
import { signableBytes } from '../pdu/sign-json.ts'
import { verifyBytes } from '../pdu/signing-key.ts'

/**
 * Does any ed25519 signature in `signed`, the proof of an invite by third party, fit any public key in the content of the
 * m.room.third_party_invite event?
 * https://spec.matrix.org/v1.19/server-server-api/#verifying-the-invite
 */
export function isSignedByInviteKey(signed: JsonObject, inviteContent: JsonObject): boolean {
  const signatures = signaturesOf(signed)
  const keys = signatures.length === 0 ? [] : keysOf(inviteContent)
  if (keys.length === 0) return false

  const message = signableBytes(signed)
  return keys.some((key) => signatures.some((signature) => verifyBytes(key, signature, message)))
}

function signaturesOf(signed: JsonObject): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  const { signatures } = signed
  if (!isJsonObject(signatures)) return found
  for (const byServer of Object.values(signatures)) {
    if (!isJsonObject(byServer)) continue
    for (const [keyId, signature] of Object.entries(byServer)) {
      const bytes = keyId.startsWith('ed25519:') ? bytesOf(signature) : undefined
      if (bytes !== undefined) found.push(bytes)
      if (found.length === THIRD_PARTY_INVITE_SIGNATURES_MAX) return found
    }
  }
  return found
}

function keysOf(content: JsonObject): readonly Uint8Array[] {
  const listed = Array.isArray(content['public_keys']) ? content['public_keys'] : []
  const texts = [content['public_key'], ...listed.map((entry) => (isJsonObject(entry) ? entry['public_key'] : undefined))]
  const keys = texts.map(bytesOf).filter((bytes) => bytes !== undefined)
  return keys.slice(0, THIRD_PARTY_INVITE_KEYS_MAX)
}

/** Identity servers write either alphabet of base64. */
function bytesOf(text: JsonValue | undefined): Uint8Array | undefined {
  return typeof text === 'string' ? (decodeBase64(text) ?? decodeBase64Url(text)) : undefined
}
