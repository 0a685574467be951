import { assert } from '../assert.ts'
import { isEventId } from '../ids/event-id.ts'
import type { EventId, RoomId, UserId } from '../ids/ids.ts'
import { parseRoomId, roomIdOfCreate } from '../ids/room-id.ts'
import { parseUserId } from '../ids/user-id.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { parseJson } from '../json/parse-json.ts'
import { EVENT_BYTES_MAX } from '../limits.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { contentBounds, memberJson, scanEvent, type EventText } from './event-text.ts'
import type { Pdu } from './pdu.ts'

/**
 * An event over its canonical text. Everything is read from that text, what is long only when it is asked for. Nothing refers to the
 * text that the event arrived in: strings of the engine share memory with what they were cut from, and one event that is kept would keep
 * a whole transaction.
 */
export class EventPdu implements Pdu {
  readonly eventId: EventId
  readonly roomId: RoomId
  readonly type: string
  readonly stateKey: string | undefined
  readonly sender: UserId
  readonly originServerTs: number
  readonly depth: number
  readonly json: string
  readonly contentStart: number
  readonly contentEnd: number
  readonly #redactsInContent: boolean
  #object: JsonObject | undefined
  #content: JsonObject | undefined
  #prevEvents: readonly EventId[] | undefined
  #authEvents: readonly EventId[] | undefined
  #clientPrefix: string | undefined

  /** Only for text that has passed the checks, now or before it was stored. */
  constructor(text: EventText, rules: RoomRules, eventId: EventId) {
    const type = stringMember(text, 'type')
    const sender = parseUserId(stringMember(text, 'sender') ?? '')
    assert(type !== undefined && sender !== undefined, 'an event has a type and a sender')
    const ownId = rules.eventIds === 'given' ? stringMember(text, 'event_id') : undefined
    assert(ownId === undefined || ownId === eventId, 'an event that names itself has that id')
    this.eventId = ownId !== undefined && isEventId(ownId) ? ownId : eventId
    this.roomId = roomIdOf(stringMember(text, 'room_id'), eventId)
    this.type = type
    this.stateKey = stringMember(text, 'state_key')
    this.sender = sender
    this.originServerTs = integerMember(text, 'origin_server_ts')
    this.depth = integerMember(text, 'depth')
    this.json = text.json
    const content = contentBounds(text)
    this.contentStart = content.start
    this.contentEnd = content.end
    this.#redactsInContent = rules.redactsInContent
  }

  get content(): JsonObject {
    if (this.#content === undefined) {
      const content = this.#object?.['content'] ?? parseOwn(this.json.slice(this.contentStart, this.contentEnd))
      assert(isJsonObject(content), 'the content of an event is an object')
      this.#content = content
    }
    return this.#content
  }

  get object(): JsonObject {
    if (this.#object === undefined) {
      const object = parseOwn(this.json)
      assert(isJsonObject(object), 'an event is an object')
      this.#object = object
    }
    return this.#object
  }

  get prevEvents(): readonly EventId[] {
    this.#prevEvents ??= readIds(scanEvent(this.json), 'prev_events')
    return this.#prevEvents
  }

  get authEvents(): readonly EventId[] {
    this.#authEvents ??= readIds(scanEvent(this.json), 'auth_events')
    return this.#authEvents
  }

  get redacts(): EventId | undefined {
    if (this.type !== 'm.room.redaction') return undefined
    const redacts = this.#redactsInContent ? this.content['redacts'] : this.object['redacts']
    return typeof redacts === 'string' && isEventId(redacts) ? redacts : undefined
  }

  /** Let go of what was parsed, which is several times the size of the text. It is parsed again when it is asked for. */
  forgetParsed(): void {
    this.#object = undefined
    this.#content = undefined
    this.#prevEvents = undefined
    this.#authEvents = undefined
  }

  /** What `make` gives for this event, made once. */
  clientPrefix(make: (pdu: Pdu) => string): string {
    this.#clientPrefix ??= make(this)
    return this.#clientPrefix
  }
}

/** Let an event that is kept for long hold its text alone. Costs a parse when its content or lists are next read. */
export function forgetParsed(pdu: Pdu): void {
  if (pdu instanceof EventPdu) pdu.forgetParsed()
}

/** A top-level member of an event, parsed afresh: what is looked at once need not stay in memory. */
export function readMember(pdu: Pdu, key: string): JsonValue | undefined {
  const json = memberJson(scanEvent(pdu.json), key)
  return json === undefined ? undefined : parseOwn(json)
}

function parseOwn(json: string): JsonValue {
  const result = parseJson(json, { bytesMax: EVENT_BYTES_MAX })
  assert(result.ok, 'an event that passed the checks can be parsed again')
  return result.value
}

function stringMember(text: EventText, key: string): string | undefined {
  const json = memberJson(text, key)
  if (json === undefined) return undefined
  return json.includes('\\') ? String(JSON.parse(json)) : json.slice(1, -1)
}

/** Beyond ±(2^53 - 1), which room versions 1 to 5 allow, the number is clamped. */
function integerMember(text: EventText, key: string): number {
  const value = Number(memberJson(text, key))
  assert(!Number.isNaN(value), 'the depth and time of an event are numbers')
  // Adding zero makes 0 of -0.
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value)) + 0
}

function roomIdOf(given: string | undefined, eventId: EventId): RoomId {
  const roomId = given === undefined ? roomIdOfCreate(eventId) : parseRoomId(given)
  assert(roomId !== undefined, 'an event has a room id, or gives the room its id')
  return roomId
}

function readIds(text: EventText, key: 'prev_events' | 'auth_events'): EventId[] {
  const list: unknown = JSON.parse(memberJson(text, key) ?? '')
  assert(Array.isArray(list), 'prev_events and auth_events are lists')
  return list.map((entry: unknown) => {
    const id: unknown = Array.isArray(entry) ? entry[0] : entry
    assert(typeof id === 'string' && isEventId(id), 'prev_events and auth_events name events')
    return id
  })
}
