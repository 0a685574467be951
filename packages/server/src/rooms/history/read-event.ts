import type { EventId, RoomId, UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { findEvent } from '../engine/load-room.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { bundleRelations } from '../relations/bundle.ts'
import { clientEvent, type Reading } from './client-event.ts'
import { joinedUntil, lastJoined } from './last-joined.ts'
import { findAccess } from './room-access.ts'
import type { ReadingPorts } from './reading-ports.ts'
import { RoomSight } from './room-sight.ts'

/** An event that a user may read, loaded, with what they see of its room. Throws M_NOT_FOUND for any other. */
export async function requireVisibleEvent(
  ports: ReadingPorts,
  roomId: RoomId,
  eventId: EventId,
  userId: UserId,
): Promise<{ readonly event: StoredEvent; readonly sight: RoomSight }> {
  const view = await ports.engine.view(roomId)
  const event = view === undefined ? undefined : await findEvent(ports.db, view, eventId)
  if (view === undefined || event === undefined || event.standing !== standing.accepted || event.pos === undefined) throw notFound()
  const joined = await lastJoined(ports.db, view, userId)
  // Who forgot the room reads what everybody may read, and nothing else.
  if (joined.when === 'before' && (await findAccess(ports.engine, roomId, userId)) === undefined) throw notFound()
  const sight = new RoomSight(ports.engine.ports, view, userId, joinedUntil(joined))
  await sight.load([event])
  if (!sight.sees(event)) throw notFound()
  return { event, sight }
}

/** One event as JSON text. Throws M_NOT_FOUND for one that the user may not read. */
export async function readEvent(ports: ReadingPorts, roomId: RoomId, eventId: EventId, userId: UserId, reading: Reading): Promise<string> {
  const { event, sight } = await requireVisibleEvent(ports, roomId, eventId, userId)
  await bundleRelations(ports.db, sight, [event], reading, () => ports.ignoredBy(userId))
  return clientEvent(event, sight, reading)
}

function notFound(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'Event not found')
}
