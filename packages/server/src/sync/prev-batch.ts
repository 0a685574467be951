import type { RoomView } from '../rooms/engine/room-view.ts'
import { beginning, placeBefore, placeBelow, type Place } from '../rooms/history/place.ts'
import type { Timeline } from '../rooms/history/timeline.ts'
import type { SyncPorts } from './sync-ports.ts'

/**
 * Where paging back from a timeline begins; `upTo` is the live position at which the timeline ends. From there a reader gets whatever
 * was there by then and the timeline did not look at.
 */
export async function prevBatchOf(
  { db }: Pick<SyncPorts, 'db'>,
  view: RoomView,
  { first, order }: Pick<Timeline, 'first' | 'order'>,
  upTo: number,
): Promise<Place> {
  if (first === undefined) return placeBelow(db, view, beginning, upTo + 1)
  if (order === 'history') return { ...placeBefore(first), below: upTo + 1 }
  return placeBelow(db, view, placeBefore(first), first.pos ?? 0)
}
