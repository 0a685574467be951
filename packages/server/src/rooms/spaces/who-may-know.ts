import { membershipOfEvent, type RoomId, type ServerName, type UserId } from '@causeway/events'
import { membershipIn } from '../../storage/tables/memberships.ts'
import { findRoom } from '../../storage/tables/rooms.ts'
import { takesPart } from '../commands/change-membership.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { stateFor } from '../engine/view-state.ts'
import { serverAllowed } from '../inbound/server-acl.ts'
import type { RoomDescription } from '../room-summary.ts'
import { invitesScanMax } from './limits.ts'

/** Whoever may ask to be let in may see what a room is. */
const openRules: ReadonlySet<string> = new Set(['public', 'knock', 'knock_restricted'])

/** May everybody know what the room is? */
export function isOpen(room: RoomDescription): boolean {
  return openRules.has(room.join_rule) || room.world_readable
}

/** The membership of one of our users in a room, as far as we know it. */
export async function membershipOf(engine: RoomEngine, roomId: RoomId, userId: UserId): Promise<string | undefined> {
  const { db } = engine.ports
  const row = await findRoom(db, roomId)
  return row === undefined ? undefined : (await membershipIn(db, row.room, userId))?.membership
}

/**
 * May one of our users know what a room is: because everybody may, because they are in it or invited, or because they are in
 * a room whose members may join? Client-Server API, "Spaces", GET /hierarchy.
 */
export async function userMayKnow(engine: RoomEngine, room: RoomDescription, userId: UserId): Promise<boolean> {
  if (isOpen(room)) return true
  const membership = await membershipOf(engine, room.room_id, userId)
  if (membership === 'join' || membership === 'invite') return true
  for (const allowed of room.allowed_room_ids ?? []) if ((await membershipOf(engine, allowed, userId)) === 'join') return true
  return false
}

/** May another server know what a room of ours is: has it a user who may join it, as far as we know? */
export async function serverMayKnow(engine: RoomEngine, view: RoomView, room: RoomDescription, origin: ServerName): Promise<boolean> {
  const { db } = engine.ports
  if (!(await serverAllowed(db, view, origin))) return false
  if (view.servers.has(origin)) return true
  const create = (await stateFor(db, view, view.current, [['m.room.create', '']])).get('m.room.create', '')
  if (create?.content['m.federate'] === false) return false
  if (isOpen(room) || (await hasInvite(engine, view, origin))) return true
  for (const allowed of room.allowed_room_ids ?? []) {
    const other = await engine.view(allowed)
    if (other !== undefined && takesPart(engine, other) && other.servers.has(origin)) return true
  }
  return false
}

async function hasInvite(engine: RoomEngine, view: RoomView, origin: ServerName): Promise<boolean> {
  const suffix = `:${origin}`
  const numbers: number[] = []
  for (const [userId, key] of view.memberKeys()) {
    const number = userId.endsWith(suffix) ? view.current.state.get(key) : 0
    if (number !== 0) numbers.push(number)
    if (numbers.length >= invitesScanMax) break
  }
  return (await loadEvents(engine.ports.db, view, numbers)).some(({ pdu }) => membershipOfEvent(pdu) === 'invite')
}
