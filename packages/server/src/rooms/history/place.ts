import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'

/** A place between events in a room's history order: right after (depth, pos), before whatever comes next. */
export interface Place {
  readonly depth: number
  readonly pos: number
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

/**
 * Where paging back from the start of a timeline begins. Live order and history order can differ; among the events in
 * memory that came before `first` in live order none may be left out, at the price of giving one twice.
 */
export function placeBeforeLive(view: RoomView, first: StoredEvent): Place {
  return latest(view, first.pos ?? 0, placeBefore(first))
}

/** The place after the live event at a position and all that came before it in live order. */
export function placeAfterLive(view: RoomView, at: StoredEvent): Place {
  return latest(view, at.pos ?? 0, placeAfter(at))
}

function latest(view: RoomView, pos: number, from: Place): Place {
  let place = from
  for (const event of view.recent) {
    if (event.pos === undefined || event.pos >= pos) break
    const after = placeAfter(event)
    if (isAfter(after, place)) place = after
  }
  return place
}
