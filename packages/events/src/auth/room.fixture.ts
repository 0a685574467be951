import { assert } from '../assert.ts'
import { parseEventId } from '../ids/event-id.ts'
import type { EventId, RoomId, UserId } from '../ids/ids.ts'
import { parseRoomId } from '../ids/room-id.ts'
import { parseUserId } from '../ids/user-id.ts'
import { fromPlain } from '../json/from-plain.ts'
import { isJsonObject, type JsonObject } from '../json/json-value.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import type { Verdict } from '../verdict.ts'
import { roomRules, type RoomRules } from '../versions/room-rules.ts'
import { authEventKeys } from './auth-event-keys.ts'

/** A user id in tests. */
export function userId(text: string): UserId {
  const parsed = parseUserId(text)
  assert(parsed !== undefined, `${text} is a user id`)
  return parsed
}

/** An event id in tests. */
export function eventId(text: string): EventId {
  const parsed = parseEventId(text)
  assert(parsed !== undefined, `${text} is an event id`)
  return parsed
}

function roomId(text: string): RoomId {
  const parsed = parseRoomId(text)
  assert(parsed !== undefined, `${text} is a room id`)
  return parsed
}

/** A JSON object from a literal. */
export function json(value: unknown): JsonObject {
  const parsed = fromPlain(value)
  assert(isJsonObject(parsed), 'the literal is a JSON object')
  return parsed
}

/** The rules of a version that exists. */
export function rulesOf(version: string | number): RoomRules {
  const rules = roomRules(String(version))
  assert(rules !== undefined, `room version ${version} exists`)
  return rules
}

/** What of an event a test cares about; the rest is filled in. */
export interface EventDraft {
  readonly type: string
  readonly sender?: string
  readonly stateKey?: string
  readonly content?: Record<string, unknown>
  readonly id?: string
  readonly ts?: number
  readonly depth?: number
  readonly prev?: readonly string[]
  /** Instead of the selection from the room's state. */
  readonly auth?: readonly Pdu[]
  readonly redacts?: string
  readonly roomId?: string
  /** Top-level keys of the event's JSON that the draft has no word for. */
  readonly object?: Record<string, unknown>
}

/** The creator of every test room, on server `a`. */
export const creator = '@creator:a'

/** A room whose events are made by hand: ids are what the test says, nothing is signed or hashed. */
export class TestRoom implements AuthState {
  readonly rules: RoomRules
  readonly roomId: RoomId
  readonly events: Map<EventId, Pdu>
  readonly state: Map<string, Pdu>
  readonly #counter: { next: number }

  constructor(version: string | number, from?: TestRoom) {
    this.rules = rulesOf(version)
    this.roomId = roomId(this.rules.roomIdIsCreateHash ? `!${'c'.repeat(43)}` : '!room:a')
    this.events = from === undefined ? new Map() : from.events
    this.state = new Map(from?.state)
    this.#counter = from === undefined ? { next: 0 } : from.#counter
  }

  get(type: string, stateKey: string): Pdu | undefined {
    return this.state.get(JSON.stringify([type, stateKey]))
  }

  /** The same room with the same state, which goes its own way from here. */
  fork(): TestRoom {
    return new TestRoom(this.rules.version, this)
  }

  /** An event that would come next, with the auth events that the state selects. The room does not change. */
  make(draft: EventDraft): Pdu {
    const sender = userId(draft.sender ?? creator)
    const content = json(draft.content ?? {})
    const subject = { type: draft.type, sender, stateKey: draft.stateKey, content }
    const selected = authEventKeys(subject, this.rules).map(([type, stateKey]) => this.get(type, stateKey))
    const auth = draft.auth ?? selected.filter((event) => event !== undefined)
    const number = this.#counter.next++
    return {
      ...subject,
      eventId: eventId(draft.id ?? `$e${number}${this.rules.eventIds === 'given' ? ':a' : ''}`),
      roomId: draft.roomId === undefined ? this.roomId : roomId(draft.roomId),
      originServerTs: draft.ts ?? number,
      depth: draft.depth ?? number,
      prevEvents: (draft.prev ?? (draft.type === 'm.room.create' ? [] : ['$prev'])).map(eventId),
      authEvents: auth.map((event) => event.eventId),
      redacts: draft.redacts === undefined ? undefined : eventId(draft.redacts),
      json: '',
      contentStart: 0,
      contentEnd: 0,
      object: json({ type: draft.type, sender, content: draft.content ?? {}, ...draft.object }),
    }
  }

  /** Makes an event, accepts it whatever it is, and puts it into the state if it has a state key. */
  add(draft: EventDraft): Pdu {
    const event = this.make(draft)
    this.events.set(event.eventId, event)
    if (event.stateKey !== undefined) this.state.set(JSON.stringify([event.type, event.stateKey]), event)
    return event
  }

  create(content: Record<string, unknown> = {}): Pdu {
    const id = this.rules.roomIdIsCreateHash ? `$${'c'.repeat(43)}` : this.rules.eventIds === 'given' ? '$create:a' : '$create'
    const named = this.rules.creatorIsSender ? {} : { creator }
    return this.add({ type: 'm.room.create', stateKey: '', id, content: { room_version: this.rules.version, ...named, ...content } })
  }

  member(user: string, membership: string, more: Partial<EventDraft> = {}): Pdu {
    return this.add({ type: 'm.room.member', sender: user, stateKey: user, ...more, content: { membership, ...more.content } })
  }

  levels(content: Record<string, unknown>, more: Partial<EventDraft> = {}): Pdu {
    return this.add({ type: 'm.room.power_levels', stateKey: '', ...more, content })
  }

  joinRule(rule: unknown, more: Partial<EventDraft> = {}): Pdu {
    return this.add({ type: 'm.room.join_rules', stateKey: '', ...more, content: { join_rule: rule } })
  }
}

/** A room of this version with its create event and its creator joined. */
export function foundedRoom(version: string | number, createContent: Record<string, unknown> = {}): TestRoom {
  const room = new TestRoom(version)
  const create = room.create(createContent)
  room.member(creator, 'join', { prev: [create.eventId] })
  return room
}

/** `allowed`, or the name of the rule that refused. */
export function outcome(verdict: Verdict): string {
  return verdict.allowed ? 'allowed' : verdict.rule
}
