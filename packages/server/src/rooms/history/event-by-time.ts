import type { EventId, RoomId, UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { closestEvent, type TimeWish } from './closest-event.ts'
import type { ReadingPorts } from './reading-ports.ts'
import { requireAccess, sightOf } from './room-access.ts'
import type { RoomSight } from './room-sight.ts'

/**
 * Look for an event closer to a time on other servers, where history is missing there: resolves with true if there is one
 * more now. `found`: the number of the closest event at hand, 0 for none.
 */
export type FindElsewhere = (view: RoomView, question: TimeWish & { readonly found: number }) => Promise<boolean>

/**
 * The event closest to a time in a direction, of those that the user may see, fetched from other servers if need be.
 * Throws M_FORBIDDEN for somebody who may read nothing of the room, M_NOT_FOUND. Client-Server API, "Room event by timestamp".
 */
export async function readEventByTime(
  ports: ReadingPorts,
  roomId: RoomId,
  userId: UserId,
  wish: TimeWish,
): Promise<{ readonly eventId: EventId; readonly ts: number }> {
  const access = await requireAccess(ports.engine, roomId, userId)
  const { view } = access
  const sight = sightOf(ports.engine, access, userId)
  let found = await closestSeen(ports, view, sight, wish)
  if (await ports.findElsewhere(view, { ...wish, found: found?.event ?? 0 })) found = await closestSeen(ports, view, sight, wish)
  if (found === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no event in this direction')
  return { eventId: found.pdu.eventId, ts: found.pdu.originServerTs }
}

function closestSeen(ports: ReadingPorts, view: RoomView, sight: RoomSight, wish: TimeWish): Promise<StoredEvent | undefined> {
  return closestEvent(ports.db, view, wish, async (events) => {
    await sight.load(events)
    return events.find((event) => sight.sees(event))
  })
}
