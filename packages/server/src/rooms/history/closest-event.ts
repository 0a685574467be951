import type { Database } from '../../storage/database.ts'
import { eventsByTimeBackwards, eventsByTimeForwards, type TimeRow } from '../../storage/tables/history.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { timeScanMax } from './limits.ts'

/** A time (milliseconds since 1970), and in which direction from it. */
export interface TimeWish {
  readonly ts: number
  readonly direction: 'b' | 'f'
}

/** Events that are read at once: most often the first will do. */
const slice = 20

/**
 * The event of our history that is closest to a time, of those that `choose` takes; it is given some at a time, closest first.
 * Events of the same time follow each other as they do in history. At most `timeScanMax` are looked at.
 */
export async function closestEvent(
  db: Database,
  view: RoomView,
  { ts, direction }: TimeWish,
  choose: (events: readonly StoredEvent[]) => Promise<StoredEvent | undefined>,
): Promise<StoredEvent | undefined> {
  const read = direction === 'f' ? eventsByTimeForwards : eventsByTimeBackwards
  // Just outside of all events of that time: none has a depth below 0.
  let from: Omit<TimeRow, 'event'> = { ts: direction === 'f' ? ts : Math.min(ts + 1, Number.MAX_SAFE_INTEGER), depth: -1, pos: 0 }
  for (let scanned = 0; scanned < timeScanMax; scanned += slice) {
    const rows = await read(db, view.room, from, slice)
    const events = await loadEvents(
      db,
      view,
      rows.map((row) => row.event),
    )
    const chosen = await choose(events)
    if (chosen !== undefined) return chosen
    const last = rows.at(-1)
    if (last === undefined || rows.length < slice) return undefined
    from = last
  }
  return undefined
}
