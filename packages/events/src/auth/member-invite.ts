import type { UserId } from '../ids/ids.ts'
import { isJsonObject } from '../json/json-value.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevels } from './power-levels.ts'
import { membershipOf } from './read-state.ts'
import { isSignedByInviteKey } from './third-party-signature.ts'

/**
 * May `event`, an m.room.member of `target` whose membership is `invite`, enter `state`?
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 5.4
 */
export function authorizeInvite(event: Pdu, target: UserId, state: AuthState, rules: RoomRules): Verdict {
  // 5.4.1 "If `content` has a `third_party_invite` property:"
  if (Object.hasOwn(event.content, 'third_party_invite')) return authorizeThirdPartyBranch(event, target, state)

  // 5.4.2 "If the `sender`'s current membership state is not `join`, reject."
  if (membershipOf(state, event.sender) !== 'join') return reject('member.invite.sender', 'the sender is not in the room')

  // 5.4.3 "If target user's current membership state is `join` or `ban`, reject."
  const current = membershipOf(state, target)
  if (current === 'join' || current === 'ban') return reject('member.invite.current', `the target's membership is ${current}`)

  // 5.4.4 "If the `sender`'s power level is greater than or equal to the invite level, allow." 5.4.5 "Otherwise, reject."
  const levels = powerLevels(state, rules)
  if (levels.of(event.sender) < levels.invite) return reject('member.invite.invite_level', "the sender's level does not reach to invite")
  return allow
}

/** The invited address has been bound to a user: the sender of the m.room.third_party_invite turns it into an invite. */
function authorizeThirdPartyBranch(event: Pdu, target: UserId, state: AuthState): Verdict {
  // 5.4.1.1 "If target user is banned, reject."
  if (membershipOf(state, target) === 'ban') return reject('member.invite.third_party.banned', 'the target is banned')

  // 5.4.1.2 "If `content.third_party_invite` does not have a `signed` property, reject."
  const invite = event.content['third_party_invite']
  const signed = isJsonObject(invite) ? invite['signed'] : undefined
  if (!isJsonObject(signed)) return reject('member.invite.third_party.signed', 'the invite carries no signed proof')

  // 5.4.1.3 "If `signed` does not have `mxid` and `token` properties, reject."
  const { mxid, token } = signed
  if (typeof mxid !== 'string' || typeof token !== 'string') {
    return reject('member.invite.third_party.shape', 'the signed proof names no user or no token')
  }

  // 5.4.1.4 "If `mxid` does not match `state_key`, reject."
  if (mxid !== target) return reject('member.invite.third_party.mxid', 'the signed proof is about another user')

  // 5.4.1.5 "If there is no `m.room.third_party_invite` event in the current room state with `state_key` matching `token`, reject."
  const origin = state.get('m.room.third_party_invite', token)
  if (origin === undefined) return reject('member.invite.third_party.token', 'the room has no third-party invite with this token')

  // 5.4.1.6 "If `sender` does not match `sender` of the `m.room.third_party_invite`, reject."
  if (origin.sender !== event.sender) return reject('member.invite.third_party.sender', 'somebody else sent the third-party invite')

  // 5.4.1.7 "If any signature in `signed` matches any public key in the `m.room.third_party_invite` event, allow."
  // 5.4.1.8 "Otherwise, reject."
  if (isSignedByInviteKey(signed, origin.content)) return allow
  return reject('member.invite.third_party.signature', 'no signature fits a key of the third-party invite')
}
