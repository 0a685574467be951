import type { Database } from '../../storage/database.ts'
import { liveEventsBackwards } from '../../storage/tables/events.ts'
import { highestPlaceBelow } from '../../storage/tables/history.ts'
import type { RoomView } from '../engine/room-view.ts'
import { storedEvent, type StoredEvent } from '../engine/stored-event.ts'
import { placeScanMax } from './limits.ts'

/** A place between events in a room's history order: right after (depth, pos), before whatever comes next. */
export interface Place {
  readonly depth: number
  readonly pos: number
  /** Who reads back from here passes over events from this live position on: they have been told of them, or will be. */
  readonly below?: number
}

/** The place before everything: no event has depth 0. */
export const beginning: Place = { depth: 0, pos: 0 }

/** The place after an event. */
export function placeAfter(event: Pick<StoredEvent, 'depth' | 'pos'>): Place {
  return { depth: event.depth, pos: event.pos ?? 0 }
}

/** The place before an event. */
export function placeBefore(event: Pick<StoredEvent, 'depth' | 'pos'>): Place {
  return { depth: event.depth, pos: (event.pos ?? 0) - 1 }
}

/** Does `a` come after `b`? */
export function isAfter(a: Place, b: Place): boolean {
  return a.depth > b.depth || (a.depth === b.depth && a.pos > b.pos)
}

/** The later one of two places. */
export function laterOf(a: Place, b: Place): Place {
  return isAfter(a, b) ? a : b
}

/**
 * Where who has all events from a live position `below` on, and no other, reads back, at `from` or later. Live order and history
 * order differ where there are forks: before it in history order stands all that came before that position, and what came later and
 * stands there too is passed over.
 */
export async function placeBelow(db: Database, view: RoomView, from: Place, below: number): Promise<Place> {
  const oldest = view.recent[0]?.pos
  let place = from
  if (oldest === undefined || below < oldest) return { ...laterOf(place, await peakBelow(db, view, below)), below }
  place = laterOf(place, view.olderPeak)
  for (const event of view.recent) {
    if (event.pos === undefined || event.pos >= below) break
    place = laterOf(place, placeAfter(event))
  }
  return { depth: place.depth, pos: place.pos, below }
}

/** The last place of all events below a live position. Very far back forks are not looked for. */
async function peakBelow(db: Database, view: RoomView, below: number): Promise<Place> {
  const highest = await highestPlaceBelow(db, view.room, below, placeScanMax)
  if (highest !== undefined) return highest
  const [row] = below <= 1 ? [] : await liveEventsBackwards(db, view.room, 0, below - 1, 1)
  return row === undefined ? beginning : placeAfter(storedEvent(row, view.rules))
}
