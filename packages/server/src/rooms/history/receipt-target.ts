import type { EventId, RoomId, UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { findEvent } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { isInThread, threadOf } from './thread-of.ts'

/**
 * The event that a user of ours marks as read. Throws M_FORBIDDEN for somebody who is not joined, M_NOT_FOUND for an event
 * that the room has not got, M_INVALID_PARAM for one that is not in `thread` ('' is no thread).
 */
export async function receiptTarget(
  engine: RoomEngine,
  roomId: RoomId,
  userId: UserId,
  eventId: EventId,
  thread: string,
): Promise<{ readonly room: number; readonly pos: number }> {
  const view = await engine.view(roomId)
  if (view === undefined || !view.localJoined.has(userId)) throw new MatrixError('M_FORBIDDEN', 'You are not joined to this room')
  const event = await findEvent(engine.ports.db, view, eventId)
  if (event?.pos === undefined) throw new MatrixError('M_NOT_FOUND', 'The room has no such event')
  if (thread !== '' && !isInThread(await threadOf(engine.ports.db, view, event), thread)) {
    throw new MatrixError('M_INVALID_PARAM', 'The event is not in this thread')
  }
  return { room: view.room, pos: event.pos }
}
