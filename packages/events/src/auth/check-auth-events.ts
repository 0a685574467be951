import type { EventId } from '../ids/ids.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { authEventKeys } from './auth-event-keys.ts'

/** What {@link checkAuthEvents} must know beyond the events themselves. */
export interface AuthEventFacts {
  /** Was this event rejected when it was received? */
  isRejected(eventId: EventId): boolean
  /** The create event that the room id names, if this server has it. Asked for from room version 12 on, and ignored before. */
  readonly create: Pdu | undefined
}

/**
 * Are the auth events that `event` names the ones that it should name? `authEvents` holds every event in `event.authEvents`, in any order;
 * one that is absent there is the caller's bug and throws.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rules 2 and 3
 */
export function checkAuthEvents(event: Pdu, authEvents: readonly Pdu[], rules: RoomRules, facts: AuthEventFacts): Verdict {
  // Rule 1 has decided over a create event before these rules are reached.
  if (event.type === 'm.room.create') return allow

  // 2. since v12: "If the event's `room_id` is not an event ID for an accepted (not rejected) `m.room.create` event, with the sigil `!`
  // instead of `$`, reject."
  if (rules.roomIdIsCreateHash && !isAcceptedCreate(event, facts)) {
    return reject('auth_events.room', 'the room id does not name an accepted create event')
  }

  const byId = new Map(authEvents.map((authEvent) => [authEvent.eventId, authEvent]))
  const expected = authEventKeys(event, rules)
  const seen = new Set<number>()
  for (const eventId of event.authEvents) {
    const authEvent = byId.get(eventId)
    if (authEvent === undefined) throw new Error('checkAuthEvents was called without all auth events')

    // 3.2 "If there are entries whose `type` and `state_key` don't match those specified by the auth events selection algorithm …,
    // reject." (since v12 this refuses the create event too)
    const key = expected.findIndex(([type, stateKey]) => authEvent.type === type && authEvent.stateKey === stateKey)
    if (key < 0) return reject('auth_events.selection', 'an auth event is not of the selection')

    // 3.1 "If there are duplicate entries for a given `type` and `state_key` pair, reject."
    if (seen.has(key)) return reject('auth_events.duplicate', 'two auth events stand for the same state')
    seen.add(key)

    // 3.3 "If there are entries which were themselves rejected under the checks performed on receipt of a PDU, reject."
    if (facts.isRejected(eventId)) return reject('auth_events.rejected', 'an auth event was rejected')

    // 3.5 "If any event in `auth_events` has a `room_id` which does not match that of the event being authorised, reject."
    if (authEvent.roomId !== event.roomId) return reject('auth_events.other_room', 'an auth event is of another room')
  }

  // 2.4 until v11: "If there is no `m.room.create` event among the entries, reject."
  if (!rules.roomIdIsCreateHash && !seen.has(expected.findIndex(([type]) => type === 'm.room.create'))) {
    return reject('auth_events.create', 'the create event is not among the auth events')
  }
  return allow
}

function isAcceptedCreate(event: Pdu, facts: AuthEventFacts): boolean {
  const { create } = facts
  if (create === undefined || create.type !== 'm.room.create') return false
  return create.eventId.slice(1) === event.roomId.slice(1) && !facts.isRejected(create.eventId)
}
