import { membershipOfEvent, parseEventId, serverOf, type RoomId, type UserId } from '@causeway/events'
import { findEvent } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { stateFor } from '../engine/view-state.ts'

/** Is a user of any server joined to a room, as far as this server knows? */
export async function isJoinedMember(engine: RoomEngine, roomId: RoomId, userId: UserId): Promise<boolean> {
  const view = await engine.view(roomId)
  if (view === undefined) return false
  if (view.localJoined.has(userId)) return true
  const state = await stateFor(engine.ports.db, view, view.current, [['m.room.member', userId]])
  // Of a room that we have joined fast we know the servers before the members: their word is taken, as it is for events.
  if (view.partial?.listed.has(serverOf(userId)) === true && state.get('m.room.member', userId) === undefined) return true
  return membershipOfEvent(state.get('m.room.member', userId)) === 'join'
}

/** A room's number and an event's position in its timeline, 0 for an event that is not there. Absent for an unknown room. */
export async function locateEvent(engine: RoomEngine, roomId: RoomId, eventId: string): Promise<{ room: number; pos: number } | undefined> {
  const view = await engine.view(roomId)
  if (view === undefined) return undefined
  const id = parseEventId(eventId)
  const event = id === undefined ? undefined : await findEvent(engine.ports.db, view, id)
  return { room: view.room, pos: event?.pos ?? 0 }
}
