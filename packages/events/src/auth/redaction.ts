import type { UserId } from '../ids/ids.ts'
import { serverOf } from '../ids/server-of.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevels } from './power-levels.ts'

/**
 * May `event`, an m.room.redaction of room versions 1 and 2 whose sender may send its type, be accepted?
 * https://spec.matrix.org/v1.19/rooms/v1/#authorisation-rules rule 11
 */
export function authorizeRedaction(event: Pdu, state: AuthState, rules: RoomRules): Verdict {
  // 11.1 "If the `sender`'s power level is greater than or equal to the redact level, allow."
  if (reachesRedactLevel(event.sender, state, rules)) return allow

  // 11.2 "If the domain of the `event_id` of the event being redacted is the same as the domain of the `event_id` of the
  // `m.room.redaction`, allow." 11.3 "Otherwise, reject."
  const ownDomain = domainOf(event.eventId)
  if (event.redacts !== undefined && ownDomain !== undefined && ownDomain === domainOf(event.redacts)) return allow
  return reject('redaction.domain', 'the event is of another server, and the sender does not reach the redact level')
}

/**
 * Is the accepted `redaction` to be applied to `target`, the event of the same room that it names? In room versions 1 and 2 the
 * authorization rules have decided that already.
 * https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions
 */
export function canRedact(redaction: Pdu, target: Pdu, state: AuthState, rules: RoomRules): boolean {
  if (redaction.roomId !== target.roomId) return false
  if (rules.redactionIsAuthRule) return true

  // 1. "The power level of the redaction event's `sender` is greater than or equal to the redact level."
  // 2. "The domain of the redaction event's `sender` matches that of the original event's `sender`."
  return reachesRedactLevel(redaction.sender, state, rules) || serverOf(redaction.sender) === serverOf(target.sender)
}

/** May this user redact what others said? */
export function reachesRedactLevel(userId: UserId, state: AuthState, rules: RoomRules): boolean {
  const levels = powerLevels(state, rules)
  return levels.of(userId) >= levels.redact
}

/** The part of an event id of versions 1 and 2 behind its first colon. */
function domainOf(eventId: string): string | undefined {
  const colon = eventId.indexOf(':')
  return colon < 0 ? undefined : eventId.slice(colon + 1)
}
