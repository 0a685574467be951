import { isServerEventId } from '../ids/event-id.ts'
import type { EventId } from '../ids/ids.ts'
import { isHashRoomId, parseRoomId } from '../ids/room-id.ts'
import { parseUserId } from '../ids/user-id.ts'
import { fitsDepth, hasOnlyStrictNumbers } from '../json/json-checks.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { emptyObject } from '../json/plain-object.ts'
import { AUTH_EVENTS_MAX, EVENT_BYTES_MAX, EVENT_NESTING_MAX, PREV_EVENTS_MAX } from '../limits.ts'
import { fitsUtf8 } from '../utf8.ts'
import { reject, type Refusal } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { readDepth, readEventIds, readId, readInteger, readName, type Field } from './event-fields.ts'
import { eventIdFromSignedJson, signedJson } from './event-hash.ts'
import { EventPdu } from './event-pdu.ts'
import { encodeEvent, type EventText } from './event-text.ts'
import type { Pdu } from './pdu.ts'

/** An event, or the rule that it breaks. */
export type PduResult = { readonly ok: true; readonly pdu: Pdu } | { readonly ok: false; readonly refusal: Refusal }

/** How an event reached us. */
export interface ParsePduOptions {
  /** From backfill or another walk into the past: old events may have more `prev_events` and `auth_events` than is allowed today. */
  readonly historical?: boolean
  /** We make it ourselves: it keeps to today's limits in rooms of every version. */
  readonly own?: boolean
}

/** What of an event has been made before it is checked. */
export interface KnownText {
  readonly text?: EventText
  /** What `signedJson` gives for it. */
  readonly signed?: string
}

/**
 * Check 1 on receipt: is `value` a valid event in the format of its room version? Its `unsigned` is dropped. In room version 3 and later
 * the id is the reference hash; a key `event_id` that such an event has all the same is content like any other unknown key.
 *
 * Spec: server-server API, checks performed on receipt of a PDU; the event format of each room version; client-server API, size limits.
 */
export function parsePdu(value: JsonObject, rules: RoomRules, options: ParsePduOptions = {}): PduResult {
  return checkEvent(withoutUnsigned(value), rules, options)
}

/** `parsePdu` for an event without `unsigned`; whoever has encoded it already, or knows what of it is signed, hands that over. */
export function checkEvent(object: JsonObject, rules: RoomRules, options: ParsePduOptions, known: KnownText = {}): PduResult {
  const form = checkForm(object, rules)
  if (form !== undefined) return refuse(form)

  const characters = !rules.idsAreBytes && options.own !== true
  const type = readName(object, 'type', characters)
  if (type.refusal !== undefined) return refuse(type.refusal)
  const stateKey = readStateKey(object, characters)
  if (stateKey.refusal !== undefined) return refuse(stateKey.refusal)
  const sender = readId(object, 'sender', parseUserId)
  if (sender.refusal !== undefined) return refuse(sender.refusal)
  const originServerTs = readInteger(object, 'origin_server_ts')
  if (originServerTs.refusal !== undefined) return refuse(originServerTs.refusal)
  const depth = readDepth(object, rules)
  if (depth.refusal !== undefined) return refuse(depth.refusal)
  const prevEvents = readEventIds(object, 'prev_events', options.historical === true ? Infinity : PREV_EVENTS_MAX, rules)
  if (prevEvents.refusal !== undefined) return refuse(prevEvents.refusal)
  const authEvents = readEventIds(object, 'auth_events', options.historical === true ? Infinity : AUTH_EVENTS_MAX, rules)
  if (authEvents.refusal !== undefined) return refuse(authEvents.refusal)
  const roomId = checkRoomId(object, type.value, rules)
  if (roomId !== undefined) return refuse(roomId)
  const { content } = object
  if (!isJsonObject(content)) return refuse(reject('pdu.content.type', 'content must be an object'))

  const text = known.text ?? encodeEvent(object)
  if (!fitsUtf8(text.json, EVENT_BYTES_MAX)) return refuse(reject('pdu.size', `the event is larger than ${EVENT_BYTES_MAX} bytes`))
  const eventId = identify(object, () => known.signed ?? signedJson(text, { type: type.value, content }, rules), rules)
  if (eventId.refusal !== undefined) return refuse(eventId.refusal)
  if (prevEvents.value.includes(eventId.value) || authEvents.value.includes(eventId.value)) {
    return refuse(reject('pdu.self_reference', 'the event names itself among its ancestors'))
  }
  return { ok: true, pdu: new EventPdu(text, rules, eventId.value) }
}

function refuse(refusal: Refusal): PduResult {
  return { ok: false, refusal }
}

function withoutUnsigned(value: JsonObject): JsonObject {
  if (value['unsigned'] === undefined) return value
  const object = emptyObject()
  for (const key in value) {
    const item = value[key]
    if (key !== 'unsigned' && item !== undefined) object[key] = item
  }
  return object
}

/** The checks that need no field's meaning: depth, numbers, the types of the fields that are only carried. */
function checkForm(object: JsonObject, rules: RoomRules): Refusal | undefined {
  if (!fitsDepth(object, EVENT_NESTING_MAX)) return reject('pdu.nesting', `the event has more than ${EVENT_NESTING_MAX} levels`)
  if (rules.strictCanonicalJson && !hasOnlyStrictNumbers(object)) {
    return reject('pdu.numbers', 'the event has a number that is not an integer within 2^53')
  }
  if (!isJsonObject(object['hashes'])) return reject('pdu.hashes.type', 'hashes must be an object')
  if (!isSignatures(object['signatures'])) return reject('pdu.signatures.type', 'signatures must hold strings by server and key id')
  const redacts = object['redacts']
  if (!rules.redactsInContent && redacts !== undefined && typeof redacts !== 'string') {
    return reject('pdu.redacts.type', 'redacts must be a string')
  }
  return undefined
}

function readStateKey(object: JsonObject, characters: boolean): Field<string | undefined> {
  return object['state_key'] === undefined ? { value: undefined } : readName(object, 'state_key', characters)
}

function isSignatures(value: JsonValue | undefined): boolean {
  if (!isJsonObject(value)) return false
  return Object.values(value).every((keys) => isJsonObject(keys) && Object.values(keys).every((one) => typeof one === 'string'))
}

/** From version 12 on the create event gives the room its id; everything else names its room. Spec: event format of versions 11 and 12. */
function checkRoomId(object: JsonObject, type: string, rules: RoomRules): Refusal | undefined {
  if (rules.roomIdIsCreateHash && type === 'm.room.create') {
    if (object['room_id'] === undefined) return undefined
    return reject('pdu.create.room_id', 'a create event of this room version has no room_id')
  }
  const roomId = readId(object, 'room_id', parseRoomId)
  if (roomId.refusal !== undefined) return roomId.refusal
  if (isHashRoomId(roomId.value) === rules.roomIdIsCreateHash) return undefined
  return reject('pdu.room_id.version', 'room_id has the form of another room version')
}

function identify(object: JsonObject, signed: () => string, rules: RoomRules): Field<EventId> {
  if (rules.eventIds !== 'given') return { value: eventIdFromSignedJson(signed(), rules) }
  return readId(object, 'event_id', (text) => (isServerEventId(text) ? text : undefined))
}
