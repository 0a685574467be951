import { parseRoomId, type Pdu, type RoomId } from '@causeway/events'
import { takesPart } from '../commands/change-membership.ts'
import { predecessorOf } from '../engine/note-moves.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { stateFor } from '../engine/view-state.ts'

/** The room that took a room's place, as its m.room.tombstone says: the new room has not confirmed it. */
export function replacementOf(tombstone: Pdu | undefined): RoomId | undefined {
  const roomId = tombstone?.content['replacement_room']
  return typeof roomId === 'string' ? parseRoomId(roomId) : undefined
}

/** A room and the one that took its place. */
export interface Replacement {
  readonly old: RoomView
  readonly new: RoomView
}

/**
 * The room whose place this one took, if both say so: a room can claim any predecessor, and a tombstone can name any room
 * (attacks E07, F17). One step only, so that no loop is followed.
 */
export async function replacedBy(engine: RoomEngine, roomId: RoomId): Promise<Replacement | undefined> {
  const view = await engine.view(roomId)
  if (view === undefined || !takesPart(engine, view)) return undefined
  const claimed = predecessorOf(await current(engine, view, 'm.room.create'))
  const old = claimed === undefined || claimed === roomId ? undefined : await engine.view(claimed)
  if (old === undefined || !old.hasState) return undefined
  return replacementOf(await current(engine, old, 'm.room.tombstone')) === roomId ? { old, new: view } : undefined
}

/** The room that took this one's place, if both say so. */
export async function replacing(engine: RoomEngine, roomId: RoomId): Promise<Replacement | undefined> {
  const view = await engine.view(roomId)
  if (view === undefined || !view.hasState) return undefined
  const named = replacementOf(await current(engine, view, 'm.room.tombstone'))
  return named === undefined ? undefined : replacedByIf(engine, named, roomId)
}

async function replacedByIf(engine: RoomEngine, roomId: RoomId, old: RoomId): Promise<Replacement | undefined> {
  const replacement = await replacedBy(engine, roomId)
  return replacement?.old.roomId === old ? replacement : undefined
}

async function current(engine: RoomEngine, view: RoomView, type: string): Promise<Pdu | undefined> {
  return (await stateFor(engine.ports.db, view, view.current, [[type, '']])).get(type, '')
}
