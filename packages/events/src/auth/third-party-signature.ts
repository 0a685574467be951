import { decodeBase64, decodeBase64Url } from '../base64.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { THIRD_PARTY_INVITE_KEYS_MAX, THIRD_PARTY_INVITE_SIGNATURES_MAX } from '../limits.ts'
import { signableBytes } from '../pdu/sign-json.ts'
import { verifyBytes } from '../pdu/signing-key.ts'

/** A key of an m.room.third_party_invite, as the event writes it, and where its validity can be asked for. */
export interface InviteKey {
  readonly publicKey: string
  readonly keyValidityUrl: string | undefined
}

/**
 * Does any ed25519 signature in `signed`, the proof of an invite by third party, fit any public key in the content of the
 * m.room.third_party_invite event?
 * https://spec.matrix.org/v1.19/server-server-api/#verifying-the-invite
 */
export function isSignedByInviteKey(signed: JsonObject, inviteContent: JsonObject): boolean {
  return signingInviteKeys(signed, inviteContent, 1).length > 0
}

/** The keys in the content of the m.room.third_party_invite event of which `signed` holds a good signature; at most `max` of them. */
export function signingInviteKeys(signed: JsonObject, inviteContent: JsonObject, max = THIRD_PARTY_INVITE_KEYS_MAX): readonly InviteKey[] {
  const signatures = signaturesOf(signed)
  const keys = signatures.length === 0 ? [] : keysOf(inviteContent)
  if (keys.length === 0) return []

  const message = signableBytes(signed)
  const found: InviteKey[] = []
  for (const { bytes, ...key } of keys) {
    if (signatures.some((signature) => verifyBytes(bytes, signature, message))) found.push(key)
    if (found.length === max) break
  }
  return found
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

function keysOf(content: JsonObject): readonly (InviteKey & { readonly bytes: Uint8Array })[] {
  const listed = Array.isArray(content['public_keys']) ? content['public_keys'] : []
  const keys = [content, ...listed].flatMap((entry) => {
    const publicKey = isJsonObject(entry) ? entry['public_key'] : undefined
    const bytes = bytesOf(publicKey)
    if (!isJsonObject(entry) || typeof publicKey !== 'string' || bytes === undefined) return []
    const url = entry['key_validity_url']
    return [{ publicKey, keyValidityUrl: typeof url === 'string' ? url : undefined, bytes }]
  })
  return keys.slice(0, THIRD_PARTY_INVITE_KEYS_MAX)
}

/** Identity servers write either alphabet of base64. */
function bytesOf(text: JsonValue | undefined): Uint8Array | undefined {
  return typeof text === 'string' ? (decodeBase64(text) ?? decodeBase64Url(text)) : undefined
}
