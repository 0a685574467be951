import assert from 'node:assert/strict'
import {
  addSignature,
  contentHash,
  fromPlain,
  isJsonObject,
  parsePdu,
  referenceHash,
  signJson,
  redact,
  type JsonObject,
  type RoomRules,
  type Signer,
} from '@causeway/events'

/** An event as somebody with bad intentions makes it: signed properly, whatever it says. */
export interface Forged {
  readonly eventId: string
  readonly object: JsonObject
}

/** How a forged event departs from an honest one beyond its fields. */
export interface ForgeOptions {
  /** The hash that it claims instead of the true one. */
  readonly sha256?: string
  /** Who signs it; nobody if empty. */
  readonly signers?: readonly Signer[]
}

/** A plain value as a JSON object. */
export function jsonObject(plain: unknown): JsonObject {
  const value = fromPlain(plain)
  assert.ok(isJsonObject(value), 'not a JSON object')
  return value
}

/**
 * Hash and sign these fields as if they were an event, without any check. In room versions 1 and 2 `event_id` must be among them.
 * Spec: server-server API, adding hashes and signatures to outgoing events.
 */
export function forge(fields: Readonly<Record<string, unknown>>, rules: RoomRules, signer: Signer, options: ForgeOptions = {}): Forged {
  const bare = jsonObject(fields)
  const hashed = jsonObject({ ...bare, hashes: { sha256: options.sha256 ?? contentHash(bare) } })
  let object = hashed
  for (const { serverName, key } of options.signers ?? [signer]) {
    const signed = signJson(jsonObject({ ...redact(hashed, rules), signatures: object['signatures'] ?? {} }), serverName, key)
    object = jsonObject({ ...hashed, signatures: signed['signatures'] })
  }
  const given = fields['event_id']
  const eventId = rules.eventIds === 'given' ? String(given) : `$${referenceHash(object, rules)}`
  return { eventId, object }
}

/** The event with one more signature, as a server that was asked to countersign would give it back. */
export function countersigned(object: JsonObject, rules: RoomRules, signer: Signer): JsonObject {
  const parsed = parsePdu(object, rules)
  assert.ok(parsed.ok, 'only a well-formed event can be countersigned')
  const signed = addSignature(parsed.pdu, rules, signer.serverName, signer.key)
  assert.ok(signed.ok, 'the event has no place for another signature')
  return signed.pdu.object
}
