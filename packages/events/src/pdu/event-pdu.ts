import { assert } from '../assert.ts'
import { isEventId } from '../ids/event-id.ts'
import type { EventId, RoomId, UserId } from '../ids/ids.ts'
import { isJsonObject, type JsonObject } from '../json/json-value.ts'
import { parseJson } from '../json/parse-json.ts'
import { EVENT_BYTES_MAX } from '../limits.ts'
import { contentBounds, scanEvent, type EventText } from './event-text.ts'
import type { Pdu } from './pdu.ts'

/** What of an event is read at once; the rest is read from its text when it is asked for. */
export interface EventHead {
  readonly eventId: EventId
  readonly roomId: RoomId
  readonly type: string
  readonly stateKey: string | undefined
  readonly sender: UserId
  readonly originServerTs: number
  readonly depth: number
}

/** What the parser and the builder hold in hand anyway. */
export interface EventBody {
  readonly object: JsonObject
  readonly prevEvents: readonly EventId[]
  readonly authEvents: readonly EventId[]
}

/** An event over its canonical text. `content`, `object` and the lists are parsed on first use when the event comes from our own storage. */
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
  #text: EventText | undefined
  #object: JsonObject | undefined
  #content: JsonObject | undefined
  #prevEvents: readonly EventId[] | undefined
  #authEvents: readonly EventId[] | undefined
  #clientPrefix: string | undefined

  constructor(head: EventHead, text: EventText, redactsInContent: boolean, body?: EventBody) {
    this.eventId = head.eventId
    this.roomId = head.roomId
    this.type = head.type
    this.stateKey = head.stateKey
    this.sender = head.sender
    this.originServerTs = head.originServerTs
    this.depth = head.depth
    this.json = text.json
    const content = contentBounds(text)
    this.contentStart = content.start
    this.contentEnd = content.end
    this.#redactsInContent = redactsInContent
    this.#object = body?.object
    this.#prevEvents = body?.prevEvents
    this.#authEvents = body?.authEvents
    // A parsed event is hashed and its signatures are checked soon after; a stored one is mostly only sent on.
    this.#text = body === undefined ? undefined : text
  }

  get content(): JsonObject {
    if (this.#content === undefined) {
      const parsed = this.#object === undefined ? parseOwn(this.json.slice(this.contentStart, this.contentEnd)) : this.#object['content']
      assert(isJsonObject(parsed), 'the content of an event is an object')
      this.#content = parsed
    }
    return this.#content
  }

  get object(): JsonObject {
    this.#object ??= parseOwn(this.json)
    return this.#object
  }

  get prevEvents(): readonly EventId[] {
    this.#prevEvents ??= this.#readIds('prev_events')
    return this.#prevEvents
  }

  get authEvents(): readonly EventId[] {
    this.#authEvents ??= this.#readIds('auth_events')
    return this.#authEvents
  }

  get redacts(): EventId | undefined {
    if (this.type !== 'm.room.redaction') return undefined
    const redacts = this.#redactsInContent ? this.content['redacts'] : this.object['redacts']
    return typeof redacts === 'string' && isEventId(redacts) ? redacts : undefined
  }

  /** The event's text with the places of its members. */
  get text(): EventText {
    this.#text ??= scanEvent(this.json)
    return this.#text
  }

  /** What `make` gives for this event, made once. */
  clientPrefix(make: (pdu: Pdu) => string): string {
    this.#clientPrefix ??= make(this)
    return this.#clientPrefix
  }

  #readIds(key: 'prev_events' | 'auth_events'): EventId[] {
    const member = this.text.members.find((candidate) => candidate.key === key)
    assert(member !== undefined, 'an event has prev_events and auth_events')
    const list: unknown = JSON.parse(this.json.slice(member.start + key.length + 3, member.end))
    assert(Array.isArray(list), 'prev_events and auth_events are lists')
    return list.map((entry: unknown) => {
      const id: unknown = Array.isArray(entry) ? entry[0] : entry
      assert(typeof id === 'string' && isEventId(id), 'prev_events and auth_events name events')
      return id
    })
  }
}

/** The text of any event, with the places of its members. */
export function textOf(pdu: Pdu): EventText {
  return pdu instanceof EventPdu ? pdu.text : scanEvent(pdu.json)
}

function parseOwn(json: string): JsonObject {
  // Whatever passed the checks once must be readable for ever: numbers and all.
  const result = parseJson(json, { bytesMax: EVENT_BYTES_MAX })
  assert(result.ok && isJsonObject(result.value), 'an event that passed the checks can be parsed again')
  return result.value
}
