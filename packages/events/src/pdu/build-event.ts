import { assert } from '../assert.ts'
import { encodeBase64 } from '../base64.ts'
import type { EventId, RoomId, ServerName, UserId } from '../ids/ids.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import { fitsDepth } from '../json/json-checks.ts'
import type { JsonObject, JsonValue } from '../json/json-value.ts'
import { emptyObject, type MutableJsonObject } from '../json/plain-object.ts'
import { EVENT_NESTING_MAX } from '../limits.ts'
import { encodeUtf8 } from '../utf8.ts'
import { reject } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { contentHashOf, referenceHashOf, signedJson } from './event-hash.ts'
import { encodeEvent, replaceMember } from './event-text.ts'
import { checkEvent, type PduResult } from './parse-pdu.ts'
import type { Pdu } from './pdu.ts'
import { addToSignatures } from './sign-json.ts'
import type { SigningKey } from './signing-key.ts'

/** One of `prev_events` or `auth_events`. Room versions 1 and 2 need the reference hash, in unpadded base64; later ones ignore it. */
export interface EventReference {
  readonly eventId: EventId
  readonly sha256?: string
}

/** What somebody on this server wants to send, field by field. */
export interface EventDraft {
  /** Absent for the create event of room version 12 and later. */
  readonly roomId: RoomId | undefined
  readonly type: string
  /** Absent for a message event. */
  readonly stateKey?: string | undefined
  readonly sender: UserId
  readonly content: JsonObject
  /** Milliseconds since 1970. */
  readonly originServerTs: number
  readonly depth: number
  readonly prevEvents: readonly EventReference[]
  readonly authEvents: readonly EventReference[]
  /** The event to redact; the builder puts it where the room version wants it. */
  readonly redacts?: EventId | undefined
  /** The event's own id, in room versions 1 and 2 only. */
  readonly eventId?: EventId | undefined
}

/** Who signs. */
export interface Signer {
  readonly serverName: ServerName
  readonly key: SigningKey
}

/** How to name an event in `prev_events` or `auth_events`. */
export function eventReference(pdu: Pdu, rules: RoomRules): EventReference {
  return rules.referencePairs ? { eventId: pdu.eventId, sha256: referenceHashOf(pdu, rules) } : { eventId: pdu.eventId }
}

/**
 * Make an event of a draft: hashed, signed, and put through the same check as any event of others, so that what is too large, or not
 * allowed in canonical JSON, comes back as a refusal. Spec: server-server API, adding hashes and signatures to outgoing events.
 */
export function buildEvent(draft: EventDraft, rules: RoomRules, signer: Signer): PduResult {
  const object = draftObject(draft, rules)
  const content = contentOf(draft, rules)
  object['content'] = content
  if (!fitsDepth(object, EVENT_NESTING_MAX)) return { ok: false, refusal: reject('pdu.nesting', 'the event has too many levels') }

  // The values that depend on the text are put into the text afterwards, so that it is made once.
  object['hashes'] = emptyObject()
  object['signatures'] = emptyObject()
  const bare = encodeEvent(object)
  const hashes = Object.assign(emptyObject(), { sha256: contentHashOf(bare) })
  object['hashes'] = hashes
  const hashed = replaceMember(bare, 'hashes', canonicalJson(hashes))
  const signed = signedJson(hashed, { type: draft.type, content }, rules)
  const signature = encodeBase64(signer.key.sign(encodeUtf8(signed)))
  const signatures = addToSignatures(undefined, signer.serverName, signer.key.keyId, signature)
  object['signatures'] = signatures
  return checkEvent(object, rules, { own: true }, { text: replaceMember(hashed, 'signatures', canonicalJson(signatures)), signed })
}

function draftObject(draft: EventDraft, rules: RoomRules): MutableJsonObject {
  const object = emptyObject()
  object['auth_events'] = draft.authEvents.map((reference) => referenceJson(reference, rules))
  object['depth'] = draft.depth
  object['origin_server_ts'] = draft.originServerTs
  object['prev_events'] = draft.prevEvents.map((reference) => referenceJson(reference, rules))
  object['sender'] = draft.sender
  object['type'] = draft.type
  if (draft.roomId !== undefined) object['room_id'] = draft.roomId
  if (draft.stateKey !== undefined) object['state_key'] = draft.stateKey
  if (draft.redacts !== undefined && !rules.redactsInContent) object['redacts'] = draft.redacts
  assert((draft.eventId !== undefined) === (rules.eventIds === 'given'), 'a draft names its event in room versions 1 and 2, and only there')
  if (draft.eventId !== undefined) object['event_id'] = draft.eventId
  return object
}

function contentOf(draft: EventDraft, rules: RoomRules): JsonObject {
  if (draft.redacts === undefined || !rules.redactsInContent) return draft.content
  return Object.assign(emptyObject(), draft.content, { redacts: draft.redacts })
}

function referenceJson(reference: EventReference, rules: RoomRules): JsonValue {
  if (!rules.referencePairs) return reference.eventId
  assert(reference.sha256 !== undefined, 'room versions 1 and 2 refer to events by id and hash')
  return [reference.eventId, Object.assign(emptyObject(), { sha256: reference.sha256 })]
}
