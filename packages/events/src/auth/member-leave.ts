import type { UserId } from '../ids/ids.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevels } from './power-levels.ts'
import { membershipOf } from './read-state.ts'

/**
 * May `event`, an m.room.member of `target` whose membership is `leave`, enter `state`? It is a leave, a rejected invite, a withdrawn
 * knock, a kick, or the end of a ban.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 5.5
 */
export function authorizeLeave(event: Pdu, target: UserId, state: AuthState, rules: RoomRules): Verdict {
  const current = membershipOf(state, target)

  // 5.5.1 "If the `sender` matches `state_key`, allow if and only if that user's current membership state is `invite`, `join`, or
  // `knock`." (`knock` since v7)
  if (event.sender === target) {
    const inside = current === 'invite' || current === 'join' || (current === 'knock' && rules.knocking)
    return inside ? allow : reject('member.leave.current', 'the sender has nothing to leave')
  }

  // 5.5.2 "If the `sender`'s current membership state is not `join`, reject."
  if (membershipOf(state, event.sender) !== 'join') return reject('member.leave.sender', 'the sender is not in the room')

  // 5.5.3 "If the target user's current membership state is `ban`, and the `sender`'s power level is less than the ban level, reject."
  const levels = powerLevels(state, rules)
  const senderLevel = levels.of(event.sender)
  if (current === 'ban' && senderLevel < levels.ban) return reject('member.leave.unban', "the sender's level does not reach to lift a ban")

  // 5.5.4 "If the `sender`'s power level is greater than or equal to the kick level, and the target user's power level is less than
  // the `sender`'s power level, allow." 5.5.5 "Otherwise, reject."
  if (senderLevel < levels.kick) return reject('member.leave.kick_level', "the sender's level does not reach to kick")
  if (levels.of(target) >= senderLevel) return reject('member.leave.target_level', 'the target ranks as high as the sender')
  return allow
}
