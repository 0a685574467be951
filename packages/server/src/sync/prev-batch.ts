import type { RoomView } from '../rooms/engine/room-view.ts'
import { storedEvent } from '../rooms/engine/stored-event.ts'
import { beginning, placeAfterLive, placeBefore, placeBeforeLive, type Place } from '../rooms/history/place.ts'
import type { Timeline } from '../rooms/history/timeline.ts'
import { liveEventsBackwards } from '../storage/tables/events.ts'
import type { SyncPorts } from './sync-ports.ts'

/** Where paging back from a timeline begins; `upTo` is the live position at which the timeline ends. */
export async function prevBatchOf(
  ports: SyncPorts,
  view: RoomView,
  timeline: Pick<Timeline, 'first' | 'order'>,
  upTo: number,
): Promise<Place> {
  const { first, order } = timeline
  if (first !== undefined) return order === 'history' ? placeBefore(first) : placeBeforeLive(view, first)
  const known = view.recent.findLast((event) => event.pos === upTo)
  if (known !== undefined) return placeAfterLive(view, known)
  const [row] = upTo === 0 ? [] : await liveEventsBackwards(ports.db, view.room, upTo - 1, upTo, 1)
  return row === undefined ? beginning : placeAfterLive(view, storedEvent(row, view.rules))
}
