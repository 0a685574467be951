import {
  isJsonObject,
  joinRule,
  membershipOf,
  mayInvite,
  parseRoomId,
  serverOf,
  type EventId,
  type JsonObject,
  type RoomId,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { membershipIn } from '../../storage/tables/memberships.ts'
import { findRoom, isInRoom } from '../../storage/tables/rooms.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { stateFor } from '../engine/view-state.ts'
import { sendInto, type Sent } from './send-event.ts'

/** A change of somebody's membership that one of our users makes. */
export interface MembershipCommand {
  readonly roomId: RoomId
  readonly sender: UserId
  readonly target: UserId
  readonly action: 'join' | 'invite' | 'leave' | 'knock' | 'kick' | 'ban' | 'unban'
  readonly reason?: string | undefined
  /** Displayname and avatar of the target, for a join or an invite of one of our own. */
  readonly profile?: JsonObject | undefined
  /** What the caller gave for the content beyond that (`is_direct`, keys of other proposals). */
  readonly content?: JsonObject | undefined
}

const membershipAfter = {
  join: 'join',
  invite: 'invite',
  leave: 'leave',
  knock: 'knock',
  kick: 'leave',
  ban: 'ban',
  unban: 'leave',
} as const

/**
 * Change a membership in a room that we are in. Resolves with the event's id once it is durable; a join of somebody who
 * is joined already is not sent again. Throws M_FORBIDDEN and what the authorization rules say.
 */
export async function changeMembership(engine: RoomEngine, command: MembershipCommand): Promise<EventId> {
  const sent = await engine.run(command.roomId, async (view): Promise<{ eventId: EventId; committed: Promise<unknown> }> => {
    if (command.action === 'knock' && !view.rules.knocking) throw new MatrixError('M_FORBIDDEN', 'Rooms of this version have no knocking')
    const state = await stateFor(engine.ports.db, view, view.current, [['m.room.member', command.target]])
    const current = state.get('m.room.member', command.target)
    const before = membershipOf(state, command.target)
    if (command.action === 'join' && before === 'join' && current !== undefined) {
      return { eventId: current.eventId, committed: engine.settled(command.roomId) }
    }
    if (command.action === 'leave' && before === 'leave' && current !== undefined) {
      return { eventId: current.eventId, committed: engine.settled(command.roomId) }
    }
    if (command.action === 'kick' && before !== 'join' && before !== 'invite' && before !== 'knock') {
      throw new MatrixError('M_FORBIDDEN', 'The user is not in the room')
    }
    if (command.action === 'unban' && before !== 'ban') throw new MatrixError('M_FORBIDDEN', 'The user is not banned')
    const { event, committed } = await place(engine, view, command)
    return { eventId: event.pdu.eventId, committed }
  })
  await sent.committed
  return sent.eventId
}

async function place(engine: RoomEngine, view: RoomView, command: MembershipCommand): Promise<Sent> {
  const authoriser = command.action === 'join' ? await authoriserFor(engine, view, command.target) : undefined
  const content: JsonObject = {
    ...command.content,
    ...command.profile,
    membership: membershipAfter[command.action],
    ...(command.reason === undefined ? {} : { reason: command.reason }),
    ...(authoriser === undefined ? {} : { join_authorised_via_users_server: authoriser }),
  }
  return sendInto(engine, view, {
    roomId: command.roomId,
    sender: command.sender,
    type: 'm.room.member',
    stateKey: command.target,
    content,
  })
}

/**
 * Who of us vouches for a join to a restricted room (Room Version 8): a joined user of ours who may invite, if `userId`
 * is in one of the allowed rooms. Absent when nobody needs to vouch. Throws M_FORBIDDEN, M_UNABLE_TO_AUTHORISE_JOIN or M_UNABLE_TO_GRANT_JOIN.
 */
export async function authoriserFor(engine: RoomEngine, view: RoomView, userId: UserId): Promise<UserId | undefined> {
  const { db } = engine.ports
  if (!view.rules.restrictedJoins) return undefined
  const state = await stateFor(db, view, view.current, [
    ['m.room.join_rules', ''],
    ['m.room.member', userId],
  ])
  const rule = joinRule(state)
  const before = membershipOf(state, userId)
  const restricted = rule === 'restricted' || (rule === 'knock_restricted' && view.rules.knockRestrictedJoins)
  if (!restricted || before === 'invite' || before === 'join') return undefined
  await requireAllowedRoom(engine, state.get('m.room.join_rules', '')?.content ?? {}, userId)
  for (const member of view.localJoined) {
    const levels = await stateFor(db, view, view.current, [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.member', member],
    ])
    if (mayInvite(levels, member, view.rules)) return member
  }
  throw new MatrixError('M_UNABLE_TO_GRANT_JOIN', 'Nobody on this server may let you in')
}

/**
 * Is somebody in a room whose members may join by these rules? Throws M_FORBIDDEN where they are in none, and M_UNABLE_TO_AUTHORISE_JOIN
 * where this server cannot tell: of rooms that it has left it knows only who was there then.
 */
async function requireAllowedRoom(engine: RoomEngine, joinRules: JsonObject, userId: UserId): Promise<void> {
  const { db, serverName } = engine.ports
  const conditions = Array.isArray(joinRules['allow']) ? joinRules['allow'].slice(0, limits.joinConditionsMax) : []
  let isTold = serverOf(userId) === serverName
  let isAsked = false
  for (const condition of conditions) {
    if (!isJsonObject(condition) || condition['type'] !== 'm.room_membership') continue
    const roomId = typeof condition['room_id'] === 'string' ? parseRoomId(condition['room_id']) : undefined
    if (roomId === undefined) continue
    isAsked = true
    const room = await findRoom(db, roomId)
    if (room === undefined || !(await isInRoom(db, room.room, serverName))) continue
    if ((await membershipIn(db, room.room, userId))?.membership === 'join') return
    // Of a room whose state is still being fetched nobody knows yet who is not in it.
    isTold ||= room.state_partial === 0
  }
  if (isTold || !isAsked) throw new MatrixError('M_FORBIDDEN', 'You are in none of the rooms whose members may join this one')
  throw new MatrixError('M_UNABLE_TO_AUTHORISE_JOIN', 'This server is in none of the rooms whose members may join this one')
}

/** Is this server in the room, so that it can make events in it by itself? */
export function takesPart(engine: RoomEngine, view: RoomView | undefined): boolean {
  return view !== undefined && view.hasState && view.servers.has(engine.ports.serverName)
}

/**
 * Is nobody left in the room, and does the state that we hold of it know the user's invite or knock? Then nobody else can
 * make the event that ends it.
 */
export async function isDesertedHere(engine: RoomEngine, view: RoomView | undefined, userId: UserId): Promise<boolean> {
  if (view === undefined || !view.hasState || view.servers.size > 0) return false
  const membership = membershipOf(await stateFor(engine.ports.db, view, view.current, [['m.room.member', userId]]), userId)
  return membership === 'invite' || membership === 'knock'
}

/** Is `userId` one of ours? */
export function isLocal(engine: RoomEngine, userId: UserId): boolean {
  return serverOf(userId) === engine.ports.serverName
}
