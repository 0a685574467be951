import type { AuthState, Pdu } from '../pdu/pdu.ts'
import type { RoomRules } from '../versions/room-rules.ts'

/** Values of `content.membership` that the spec knows. */
export type Membership = 'join' | 'invite' | 'leave' | 'ban' | 'knock'

/** Values of `content.history_visibility` that the spec knows. */
export type HistoryVisibility = 'world_readable' | 'shared' | 'invited' | 'joined'

const memberships: ReadonlySet<string> = new Set<Membership>(['join', 'invite', 'leave', 'ban', 'knock'])
const visibilities: ReadonlySet<string> = new Set<HistoryVisibility>(['world_readable', 'shared', 'invited', 'joined'])

function isMembership(value: unknown): value is Membership {
  return typeof value === 'string' && memberships.has(value)
}

function isHistoryVisibility(value: unknown): value is HistoryVisibility {
  return typeof value === 'string' && visibilities.has(value)
}

/** The room's m.room.create event, if `state` has it. */
export function createEvent(state: AuthState): Pdu | undefined {
  return state.get('m.room.create', '')
}

/**
 * The room's creators: up to version 10 whom `content.creator` names, in version 11 the create event's sender, from version 12 on
 * the sender and the additional creators. Empty when an old create event names none.
 */
export function creators(create: Pdu, rules: RoomRules): readonly string[] {
  if (!rules.creatorIsSender) {
    const named = create.content['creator']
    return typeof named === 'string' ? [named] : []
  }
  const additional = create.content['additional_creators']
  if (!rules.creatorsOutrankAll || !Array.isArray(additional)) return [create.sender]
  return [create.sender, ...additional.filter((entry): entry is string => typeof entry === 'string')]
}

/** The membership that an m.room.member event gives. Absent for none, or for one that the spec does not know. */
export function membershipOfEvent(event: Pdu | undefined): Membership | undefined {
  const membership = event?.content['membership']
  return isMembership(membership) ? membership : undefined
}

/** A user's current membership. Absent for somebody who never had one. */
export function membershipOf(state: AuthState, userId: string): Membership | undefined {
  return membershipOfEvent(state.get('m.room.member', userId))
}

/**
 * The room's join rule: `invite` when nothing says otherwise. A rule that is no string lets nobody join, so it reads as `private`,
 * which the spec reserves and gives no meaning.
 * https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules
 */
export function joinRule(state: AuthState): string {
  const content = state.get('m.room.join_rules', '')?.content
  if (content === undefined || !Object.hasOwn(content, 'join_rule')) return 'invite'
  const rule = content['join_rule']
  return typeof rule === 'string' ? rule : 'private'
}

/**
 * Who may read what was sent while `state` was current: `shared` when nothing valid says otherwise.
 * https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 */
export function historyVisibility(state: AuthState): HistoryVisibility {
  const visibility = state.get('m.room.history_visibility', '')?.content['history_visibility']
  return isHistoryVisibility(visibility) ? visibility : 'shared'
}
