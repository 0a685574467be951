import { parseUserId } from '../ids/user-id.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { authorizeBan } from './member-ban.ts'
import { authorizeInvite } from './member-invite.ts'
import { authorizeJoin } from './member-join.ts'
import { authorizeKnock } from './member-knock.ts'
import { authorizeLeave } from './member-leave.ts'

/**
 * May `event`, an m.room.member, enter `state`?
 *
 * The rule on `join_authorised_via_users_server` that asks for a signature of that user's server is not here: it is one of the
 * signatures that are checked before any state is looked at.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 5
 */
export function authorizeMember(event: Pdu, state: AuthState, rules: RoomRules): Verdict {
  // 5.1 "If there is no `state_key` property, or no `membership` property in `content`, reject."
  if (event.stateKey === undefined) return reject('member.state_key', 'a membership is state')
  if (!Object.hasOwn(event.content, 'membership')) return reject('member.membership', 'the event gives no membership')

  // Not in the spec's list, but presumed by it: the target of a membership is a user.
  const target = parseUserId(event.stateKey)
  if (target === undefined) return reject('member.target', 'the state key is not a user id')

  switch (event.content['membership']) {
    case 'join':
      return authorizeJoin(event, target, state, rules)
    case 'invite':
      return authorizeInvite(event, target, state, rules)
    case 'leave':
      return authorizeLeave(event, target, state, rules)
    case 'ban':
      return authorizeBan(event, target, state, rules)
    case 'knock':
      return authorizeKnock(event, target, state, rules)
    default:
      // 5.8 "Otherwise, the membership is unknown. Reject."
      return reject('member.unknown', 'the membership is not known')
  }
}
