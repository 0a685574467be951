import { decodeBase64, encodeBase64 } from '../base64.ts'
import type { KeyId, ServerName } from '../ids/ids.ts'
import { encodeUtf8 } from '../utf8.ts'
import { isJsonObject, type JsonObject } from '../json/json-value.ts'
import { emptyObject } from '../json/plain-object.ts'
import { encodeEvent, joinMembers } from './event-text.ts'
import { verifyBytes, type SigningKey } from './signing-key.ts'

/**
 * The bytes that a signature over a JSON object covers: its canonical JSON without `signatures` and `unsigned`.
 * Spec: appendices, signing details.
 */
export function signableBytes(object: JsonObject): Uint8Array {
  return encodeUtf8(`{${joinMembers(encodeEvent(object), (key) => key !== 'signatures')}}`)
}

/** `object` with a signature of `serverName` added to those that it has. Spec: appendices, signing details. */
export function signJson(object: JsonObject, serverName: ServerName, key: SigningKey): JsonObject {
  const signature = encodeBase64(key.sign(signableBytes(object)))
  const signed = Object.assign(emptyObject(), object)
  signed['signatures'] = addToSignatures(object['signatures'], serverName, key.keyId, signature)
  return signed
}

/** Is the signature of `serverName` by `keyId` on `object` there and good? Spec: appendices, checking for a signature. */
export function verifyJson(object: JsonObject, serverName: ServerName, keyId: KeyId, publicKey: Uint8Array): boolean {
  const signatures = object['signatures']
  const ofServer = isJsonObject(signatures) ? signatures[serverName] : undefined
  const text = isJsonObject(ofServer) ? ofServer[keyId] : undefined
  const signature = typeof text === 'string' ? decodeBase64(text) : undefined
  return signature !== undefined && verifyBytes(publicKey, signature, signableBytes(object))
}

/** The `signatures` of an object with one more in it. */
export function addToSignatures(
  signatures: JsonObject[string] | undefined,
  server: ServerName,
  keyId: KeyId,
  signature: string,
): JsonObject {
  const all = Object.assign(emptyObject(), isJsonObject(signatures) ? signatures : undefined)
  const before = all[server]
  all[server] = Object.assign(emptyObject(), isJsonObject(before) ? before : undefined, { [keyId]: signature })
  return all
}
