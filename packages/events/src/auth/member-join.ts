import type { UserId } from '../ids/ids.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevels } from './power-levels.ts'
import { createEvent, creators, joinRule, membershipOf } from './read-state.ts'

/**
 * May `event`, an m.room.member of `target` whose membership is `join`, enter `state`?
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 5.3
 */
export function authorizeJoin(event: Pdu, target: UserId, state: AuthState, rules: RoomRules): Verdict {
  // 5.3.1 "If the only previous event is an `m.room.create` and the `state_key` is the creator, allow." (since v11: the sender of
  // the create event; additional creators wait for the room's join rule like others)
  if (isCreatorsFirstJoin(event, target, state, rules)) return allow

  // 5.3.2 "If the `sender` does not match `state_key`, reject."
  if (event.sender !== target) return reject('member.join.self', 'a user joins only for themselves')

  // 5.3.3 "If the `sender` is banned, reject."
  const current = membershipOf(state, target)
  if (current === 'ban') return reject('member.join.banned', 'the sender is banned')

  const rule = joinRule(state)
  const inside = current === 'invite' || current === 'join'

  // 5.3.4 "If the `join_rule` is `invite` or `knock` then allow if membership state is `invite` or `join`." (`knock` since v7)
  if (rule === 'invite' || (rule === 'knock' && rules.knocking)) {
    return inside ? allow : reject('member.join.invite_only', 'the sender is not invited')
  }

  // 5.3.5 "If the `join_rule` is `restricted` or `knock_restricted`:" (since v8, since v10)
  if ((rule === 'restricted' && rules.restrictedJoins) || (rule === 'knock_restricted' && rules.knockRestrictedJoins)) {
    // 5.3.5.1 "If membership state is `join` or `invite`, allow."
    if (inside) return allow

    // 5.3.5.2 "If the `join_authorised_via_users_server` key in `content` is not a user with sufficient permission to invite other
    // users or is not a joined member of the room, reject."
    const authoriser = event.content['join_authorised_via_users_server']
    if (typeof authoriser !== 'string') return reject('member.join.restricted', 'nobody in the room authorised the join')
    if (!mayInvite(state, authoriser, rules)) return reject('member.join.authoriser', 'the authorising user may not invite')

    // 5.3.5.3 "Otherwise, allow."
    return allow
  }

  // 5.3.6 "If the `join_rule` is `public`, allow." 5.3.7 "Otherwise, reject."
  return rule === 'public' ? allow : reject('member.join.join_rule', `nobody joins by the join rule ${rule}`)
}

/** May this user invite others: joined, with the invite level? Such a user may also authorise joins to a restricted room. */
export function mayInvite(state: AuthState, userId: string, rules: RoomRules): boolean {
  if (membershipOf(state, userId) !== 'join') return false
  const levels = powerLevels(state, rules)
  return levels.of(userId) >= levels.invite
}

function isCreatorsFirstJoin(event: Pdu, target: UserId, state: AuthState, rules: RoomRules): boolean {
  const create = createEvent(state)
  if (create === undefined || event.prevEvents.length !== 1 || event.prevEvents[0] !== create.eventId) return false
  return creators(create, rules)[0] === target
}
