import type { EventId, RoomId, UserId } from '../ids/ids.ts'
import type { JsonObject } from '../json/json-value.ts'

/** An event in its federation format, parsed and checked for shape. Immutable. Only the parser and the builder make one. */
export interface Pdu {
  /** Computed from the reference hash (room version 3 and later), else as given. */
  readonly eventId: EventId
  /** As given; in room version 12 and later the create event's own is derived from its event id. */
  readonly roomId: RoomId
  readonly type: string
  /** Absent for a message event. */
  readonly stateKey: string | undefined
  readonly sender: UserId
  /** Milliseconds since 1970, as the sender claims. */
  readonly originServerTs: number
  /** As the sender claims; never used for ordering. Beyond 2^53 - 1 (room versions 1 to 5) it is clamped here, not in `json`. */
  readonly depth: number
  readonly content: JsonObject
  readonly prevEvents: readonly EventId[]
  readonly authEvents: readonly EventId[]
  /** The event that a redaction names, from the place that the room version defines. */
  readonly redacts: EventId | undefined
  /** Canonical JSON as signed, with hashes and signatures, without `unsigned`. */
  readonly json: string
  /** `json.slice(contentStart, contentEnd)` is the canonical JSON of `content`. UTF-16 units. */
  readonly contentStart: number
  readonly contentEnd: number
  /** The whole event as parsed, without `unsigned`. */
  readonly object: JsonObject
}

/** Room state as authorization reads it. */
export interface AuthState {
  /** The event that is the state for this type and state key, if there is one. */
  get(type: string, stateKey: string): Pdu | undefined
}
