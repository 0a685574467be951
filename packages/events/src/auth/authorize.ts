import { serverOf } from '../ids/server-of.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { authorizeAliases } from './aliases.ts'
import { authorizeCreate } from './create.ts'
import { authorizeMember } from './member.ts'
import { authorizePowerLevels } from './power-levels-change.ts'
import { powerLevels } from './power-levels.ts'
import { createEvent, membershipOf } from './read-state.ts'
import { authorizeRedaction } from './redaction.ts'
import { authorizeThirdPartyInvite } from './third-party-invite.ts'

/**
 * May `event` be accepted into a room whose state is `state`? The authorization rules from the create event on, in the order of the spec;
 * those about the event's own list of auth events are {@link checkAuthEvents}'s.
 *
 * `state` is the room's state before the event, its current state, or the event's own auth events: the checks on receipt ask all three.
 * From room version 12 on the create event must be in it too, though no event lists it.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
 */
export function authorize(event: Pdu, state: AuthState, rules: RoomRules): Verdict {
  // 1. "If type is `m.room.create`:"
  if (event.type === 'm.room.create') return authorizeCreate(event, rules)

  // 2. and 3. are about the event's auth events. What follows cannot be judged without a create event.
  const create = createEvent(state)
  if (create === undefined) return reject('create.missing', 'the room has no create event')

  // 4. "If the `content` of the `m.room.create` event in the room state has the property `m.federate` set to `false`, and the `sender`
  // domain of the event does not match the `sender` domain of the create event, reject."
  if (!isFederated(create) && serverOf(event.sender) !== serverOf(create.sender)) {
    return reject('federate', 'the room is not federated, and the sender is of another server')
  }

  // 4. of v1 to v5: "If type is `m.room.aliases`:"
  if (event.type === 'm.room.aliases' && rules.aliasesAreSpecial) return authorizeAliases(event)

  // 5. "If type is `m.room.member`:"
  if (event.type === 'm.room.member') return authorizeMember(event, state, rules)

  // 6. "If the `sender`'s current membership state is not `join`, reject."
  if (membershipOf(state, event.sender) !== 'join') return reject('sender.membership', 'the sender is not in the room')

  // 7. "If type is `m.room.third_party_invite`:"
  if (event.type === 'm.room.third_party_invite') return authorizeThirdPartyInvite(event, state, rules)

  // 8. "If the event type's required power level is greater than the `sender`'s power level, reject."
  const levels = powerLevels(state, rules)
  if (levels.required(event.type, event.stateKey !== undefined) > levels.of(event.sender)) {
    return reject('sender.level', "the sender's level does not reach to send this type")
  }

  // 9. "If the event has a `state_key` that starts with an `@` and does not match the `sender`, reject."
  if (event.stateKey?.startsWith('@') === true && event.stateKey !== event.sender) {
    return reject('state_key.user', 'the state belongs to another user')
  }

  // 10. "If type is `m.room.power_levels`:"
  if (event.type === 'm.room.power_levels') return authorizePowerLevels(event, state, rules)

  // 11. of v1 and v2: "If type is `m.room.redaction`:"
  if (event.type === 'm.room.redaction' && rules.redactionIsAuthRule) return authorizeRedaction(event, state, rules)

  // 11. "Otherwise, allow."
  return allow
}

/** Servers in use take everything but `true` and absence for `false` here; a value that is neither is a peer's nonsense. */
function isFederated(create: Pdu): boolean {
  const federate = create.content['m.federate']
  return federate === undefined || federate === true
}
