import type { RoomId, ServerName, UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { takesPart } from '../commands/change-membership.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { describeRoom, type RoomSummary } from '../room-summary.ts'
import type { Hierarchy } from './hierarchy.ts'
import { isOpen, membershipOf, userMayKnow } from './who-may-know.ts'

/**
 * The summary of a room; one that we are not in is asked for at the servers `via`, for somebody who is logged in (`userId`).
 * Throws M_NOT_FOUND for a room that the reader may neither read nor join, as for one that is not there: nobody is told which
 * of the two it is.
 */
export async function summariseRoom(
  ports: { readonly engine: RoomEngine; readonly hierarchy: Hierarchy },
  roomId: RoomId,
  userId: UserId | undefined,
  via: readonly ServerName[],
): Promise<RoomSummary> {
  const { engine, hierarchy } = ports
  const view = await engine.view(roomId)
  const ours = view !== undefined && takesPart(engine, view)
  if (userId === undefined) {
    const room = ours ? await describeRoom(engine.ports.db, view) : undefined
    if (room === undefined || !isOpen(room)) throw notFound()
    return room
  }
  const described = ours ? await describeRoom(engine.ports.db, view) : await hierarchy.describeRemote(roomId, via, userId)
  if (described === undefined || !(await userMayKnow(engine, described, userId))) throw notFound()
  return { ...described, membership: (await membershipOf(engine, roomId, userId)) ?? 'leave' }
}

function notFound(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'Room not found')
}
