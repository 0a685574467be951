import type { UserId } from '../ids/ids.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevels } from './power-levels.ts'
import { membershipOf } from './read-state.ts'

/**
 * May `event`, an m.room.member of `target` whose membership is `ban`, enter `state`?
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 5.6
 */
export function authorizeBan(event: Pdu, target: UserId, state: AuthState, rules: RoomRules): Verdict {
  // 5.6.1 "If the `sender`'s current membership state is not `join`, reject."
  if (membershipOf(state, event.sender) !== 'join') return reject('member.ban.sender', 'the sender is not in the room')

  // 5.6.2 "If the `sender`'s power level is greater than or equal to the ban level, and the target user's power level is less than the
  // `sender`'s power level, allow." 5.6.3 "Otherwise, reject."
  const levels = powerLevels(state, rules)
  const senderLevel = levels.of(event.sender)
  if (senderLevel < levels.ban) return reject('member.ban.ban_level', "the sender's level does not reach to ban")
  if (levels.of(target) >= senderLevel) return reject('member.ban.target_level', 'the target ranks as high as the sender')
  return allow
}
