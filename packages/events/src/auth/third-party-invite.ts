import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevels } from './power-levels.ts'

/**
 * May `event`, an m.room.third_party_invite of a joined sender, enter `state`?
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 7
 */
export function authorizeThirdPartyInvite(event: Pdu, state: AuthState, rules: RoomRules): Verdict {
  // 7.1 "Allow if and only if `sender`'s current power level is greater than or equal to the invite level."
  const levels = powerLevels(state, rules)
  if (levels.of(event.sender) >= levels.invite) return allow
  return reject('third_party_invite.invite_level', "the sender's level does not reach to invite")
}
