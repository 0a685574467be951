import { hash } from 'node:crypto'
import { assert } from '../assert.ts'
import { decodeBase64, encodeBase64 } from '../base64.ts'
import { parseEventId } from '../ids/event-id.ts'
import type { EventId } from '../ids/ids.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import { isJsonObject, type JsonObject } from '../json/json-value.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { readMember } from './event-pdu.ts'
import { encodeEvent, joinMembers, scanEvent, type EventText } from './event-text.ts'
import type { Pdu } from './pdu.ts'
import { keepsContent, keptKeys, redact, redactContent } from './redact.ts'

/** SHA-256 in base64 is 43 characters and one of padding. */
const HASH_CHARS = 43

/**
 * The content hash of an event, in unpadded base64: over all of it but `unsigned`, `signatures` and `hashes`.
 * Spec: server-server API, calculating the content hash for an event.
 */
export function contentHash(object: JsonObject): string {
  return contentHashOf(encodeEvent(object))
}

/** The content hash of an encoded event, in unpadded base64. */
export function contentHashOf(text: EventText): string {
  return sha256(`{${joinMembers(text, isHashed)}}`)
}

function isHashed(key: string): boolean {
  return key !== 'signatures' && key !== 'hashes'
}

/** Is the event's own content hash right? If not, only its redacted form may be used. Spec: server-server API, receipt check 3. */
export function checkContentHash(pdu: Pdu): boolean {
  const hashes = readMember(pdu, 'hashes')
  const claimed = isJsonObject(hashes) ? hashes['sha256'] : undefined
  if (typeof claimed !== 'string') return false
  const actual = contentHashOf(scanEvent(pdu.json))
  if (claimed === actual) return true
  const bytes = decodeBase64(claimed)
  return bytes !== undefined && encodeBase64(bytes) === actual
}

/**
 * The reference hash of an event, in unpadded base64; URL-safe where the room version's event ids are.
 * Spec: server-server API, calculating the reference hash for an event.
 */
export function referenceHash(object: JsonObject, rules: RoomRules): string {
  const text = encodeEvent(redact(object, rules))
  return hashReference(`{${joinMembers(text, (key) => key !== 'signatures')}}`, rules)
}

/** The reference hash of an event already parsed. In room versions 1 and 2 it accompanies the event's id in `prev_events`. */
export function referenceHashOf(pdu: Pdu, rules: RoomRules): string {
  return hashReference(signedJson(scanEvent(pdu.json), pdu, rules), rules)
}

/** The id of an event in room version 3 and later, from the text that `signedJson` gave. */
export function eventIdFromSignedJson(signed: string, rules: RoomRules): EventId {
  const id = parseEventId(`$${hashReference(signed, rules)}`)
  assert(id !== undefined, 'a hash is an event id')
  return id
}

/**
 * What is signed, and what the reference hash covers: the canonical JSON of the redacted event without `signatures` and `unsigned`.
 * Spec: server-server API, signing events.
 */
export function signedJson(text: EventText, event: { readonly type: string; readonly content: JsonObject }, rules: RoomRules): string {
  const kept = keptKeys(rules)
  const content = keepsContent(event.type, rules) ? canonicalJson(redactContent(event.type, event.content, rules)) : '{}'
  return `{${joinMembers(text, (key) => key !== 'signatures' && kept.has(key), content)}}`
}

function hashReference(signed: string, rules: RoomRules): string {
  return rules.eventIds === 'base64url' ? hash('sha256', signed, 'base64url') : sha256(signed)
}

function sha256(text: string): string {
  return hash('sha256', text, 'base64').slice(0, HASH_CHARS)
}
