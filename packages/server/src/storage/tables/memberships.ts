import type { Database } from '../database.ts'
import { In, sql } from '../sql.ts'
import { upsert } from '../table-write.ts'

export const membershipNames = ['ban', 'invite', 'join', 'knock', 'leave'] as const
/** The value of `membership` in a member event. */
export type Membership = (typeof membershipNames)[number]

/** A user's membership in the current state of a room. */
export interface MembershipRow {
  readonly room: number
  readonly user_id: string
  readonly membership: Membership
  readonly event: number
  readonly pos: number
  readonly slot: number
  readonly position: number
  readonly is_local: number
  readonly forgotten: number
  readonly sender: string
  readonly invite_state: string | null
}

/** Bound: one row per member that the room ever had. */
export const upsertMembership = upsert({
  name: 'memberships.upsert',
  table: 'memberships',
  key: ['room', 'user_id'],
  columns: {
    room: 'int',
    user_id: 'text',
    membership: 'text',
    event: 'int',
    pos: 'int',
    slot: 'int',
    position: 'int',
    is_local: 'int',
    forgotten: 'int',
    sender: 'text',
    invite_state: 'text',
  },
})

/** A local user's memberships, with the rooms' ids. Bound: the user's rooms. */
export function membershipsOf(db: Database, userId: string): Promise<(MembershipRow & { readonly room_id: string })[]> {
  return db.all(sql<MembershipRow & { readonly room_id: string }>('memberships.ofUser')`
    SELECT m.room, m.user_id, m.membership, m.event, m.pos, m.slot, m.position, m.is_local, m.forgotten, m.sender, m.invite_state, r.room_id
    FROM memberships m JOIN rooms r ON r.room = m.room WHERE m.user_id = ${userId}`)
}

/** One user's membership in a room. */
export function membershipIn(db: Database, room: number, userId: string): Promise<MembershipRow | undefined> {
  return db.first(sql<MembershipRow>('memberships.one')`
    SELECT room, user_id, membership, event, pos, slot, position, is_local, forgotten, sender, invite_state
    FROM memberships WHERE room = ${room} AND user_id = ${userId}`)
}

/** Our own members of a room with one of these memberships. */
export function localMembers(db: Database, room: number, memberships: readonly Membership[]): Promise<MembershipRow[]> {
  return db.all(sql<MembershipRow>('memberships.local')`
    SELECT room, user_id, membership, event, pos, slot, position, is_local, forgotten, sender, invite_state
    FROM memberships WHERE room = ${room} AND is_local = 1 AND membership ${new In(memberships)}`)
}

/** Members of a room by membership. Bound: the room's members. */
export function membersOf(db: Database, room: number, membership: Membership): Promise<{ user_id: string; event: number }[]> {
  return db.all(sql<{ user_id: string; event: number }>('memberships.ofRoom')`
    SELECT user_id, event FROM memberships WHERE room = ${room} AND membership = ${membership}`)
}

/** How many members a room has of each membership. */
export function memberCounts(db: Database, room: number): Promise<{ membership: Membership; count: number }[]> {
  return db.all(sql<{ membership: Membership; count: number }>('memberships.counts')`
    SELECT membership, count(*) AS count FROM memberships WHERE room = ${room} GROUP BY membership`)
}

/** A user forgets a room that they have left. */
export function markForgotten(room: number, userId: string) {
  return sql('memberships.forget')`UPDATE memberships SET forgotten = 1 WHERE room = ${room} AND user_id = ${userId}`
}
