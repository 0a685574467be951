import type { RoomId, ServerName } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { takesPart } from '../commands/change-membership.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { describeRoom, type RoomDescription } from '../room-summary.ts'
import type { HierarchyRoom } from './hierarchy.ts'
import { servedChildrenMax } from './limits.ts'
import { childrenOf } from './space-children.ts'
import { serverMayKnow } from './who-may-know.ts'

/** A room of ours for another server, and what is below it. */
export interface ServedHierarchy {
  readonly room: HierarchyRoom
  readonly children: readonly RoomDescription[]
  readonly inaccessible_children: readonly RoomId[]
}

/**
 * What another server may know of a room that we are in, and of those that it links to (Server-Server API, "Spaces"). Throws
 * M_NOT_FOUND for a room that it may not know, as for one that we do not know.
 */
export async function serveHierarchy(
  engine: RoomEngine,
  roomId: RoomId,
  origin: ServerName,
  suggestedOnly: boolean,
): Promise<ServedHierarchy> {
  const { db } = engine.ports
  const view = await engine.view(roomId)
  const room = view !== undefined && takesPart(engine, view) ? await describeRoom(db, view) : undefined
  if (view === undefined || room === undefined || !(await serverMayKnow(engine, view, room, origin))) {
    throw new MatrixError('M_NOT_FOUND', 'Room not found')
  }
  const links = room.room_type === 'm.space' ? await childrenOf(db, view) : []
  const wanted = suggestedOnly ? links.filter((link) => link.suggested) : links
  const children: RoomDescription[] = []
  const inaccessible: RoomId[] = []
  for (const { roomId: id } of wanted.slice(0, servedChildrenMax)) {
    const child = await engine.view(id)
    if (child === undefined || !takesPart(engine, child)) continue
    const description = await describeRoom(db, child)
    if (await serverMayKnow(engine, child, description, origin)) children.push(description)
    else inaccessible.push(id)
  }
  return { room: { ...room, children_state: wanted.map((link) => link.stripped) }, children, inaccessible_children: inaccessible }
}
