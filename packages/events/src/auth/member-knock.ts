import type { UserId } from '../ids/ids.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { joinRule, membershipOf } from './read-state.ts'

/**
 * May `event`, an m.room.member of `target` whose membership is `knock`, enter `state`?
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 5.7
 */
export function authorizeKnock(event: Pdu, target: UserId, state: AuthState, rules: RoomRules): Verdict {
  // Before v7 this membership is unknown.
  if (!rules.knocking) return reject('member.knock.version', 'this room version has no knocking')

  // 5.7.1 "If the `join_rule` is anything other than `knock` or `knock_restricted`, reject." (`knock_restricted` since v10)
  const rule = joinRule(state)
  const open = rule === 'knock' || (rule === 'knock_restricted' && rules.knockRestrictedJoins)
  if (!open) return reject('member.knock.join_rule', `nobody knocks by the join rule ${rule}`)

  // 5.7.2 "If `sender` does not match `state_key`, reject."
  if (event.sender !== target) return reject('member.knock.self', 'a user knocks only for themselves')

  // 5.7.3 "If the `sender`'s current membership is not `ban`, `invite`, or `join`, allow." 5.7.4 "Otherwise, reject."
  const current = membershipOf(state, target)
  if (current === 'ban' || current === 'invite' || current === 'join') {
    return reject('member.knock.current', `the sender's membership is ${current}`)
  }
  return allow
}
