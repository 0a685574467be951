import type { Database } from '../../storage/database.ts'
import { liveEventsBackwards } from '../../storage/tables/events.ts'
import { storedEvent, type StoredEvent } from '../engine/stored-event.ts'
import type { RoomView } from '../engine/room-view.ts'
import { timelineScanMax } from './limits.ts'
import type { RoomSight } from './room-sight.ts'

/** Which part of a room's live events a timeline shows. Live positions. */
export interface TimelineWish {
  readonly after: number
  readonly upTo: number
  readonly limit: number
  /** Does the reader want this event? */
  readonly wants: (event: StoredEvent) => boolean
  /** Looks up what `wants` needs to know of events. */
  readonly prepare?: ((events: readonly StoredEvent[]) => Promise<void>) | undefined
  /** An event that is shown in any case. */
  readonly always?: number | undefined
}

/** The newest live events that a reader may see and wants. */
export interface Timeline {
  /** Oldest first. */
  readonly events: readonly StoredEvent[]
  /** Where it begins: the live position of the first event that was looked at. */
  readonly start: number
  /** The event at `start`, or the oldest one in memory after it. */
  readonly first: StoredEvent | undefined
  /** Are there older events after `wish.after` that it leaves out, or that this server has not got? */
  readonly limited: boolean
}

/**
 * The newest events of a stretch of a room, from memory as far as it reaches. It ends at an event whose prev events are
 * missing: what came before the gap is not shown as if it were next to it.
 */
export async function timelineOf(db: Database, sight: RoomSight, wish: TimelineWish): Promise<Timeline> {
  const events: StoredEvent[] = []
  let first: StoredEvent | undefined
  let start = wish.upTo + 1
  let scanned = 0
  while (start - 1 > wish.after && events.length < wish.limit && scanned < timelineScanMax) {
    const batch = await newestBefore(db, sight.view, start, wish, wish.limit - events.length)
    if (batch.length === 0) return { events: events.reverse(), start, first, limited: false }
    await sight.load(batch)
    await wish.prepare?.(batch)
    for (const event of batch) {
      if (events.length >= wish.limit) break
      first = event
      start = event.pos ?? start
      scanned += 1
      if (event.event === wish.always || (wish.wants(event) && sight.sees(event))) events.push(event)
      if (event.edges.prev.includes(0)) return { events: events.reverse(), start, first, limited: true }
    }
  }
  return { events: events.reverse(), start, first, limited: start - 1 > wish.after }
}

/** Live events before a position, newest first: those in memory, else some from storage. */
async function newestBefore(db: Database, view: RoomView, start: number, wish: TimelineWish, wanted: number): Promise<StoredEvent[]> {
  const { recent } = view
  const newest = recent.at(-1)?.pos
  const oldest = recent[0]?.pos
  if (newest !== undefined && oldest !== undefined && oldest < start) {
    const end = recent.length - Math.max(0, newest - start + 1)
    const from = Math.max(0, wish.after + 1 - oldest)
    if (end > from) return recent.slice(from, end).reverse()
  }
  const rows = await liveEventsBackwards(db, view.room, wish.after, start - 1, Math.min(100, Math.max(20, wanted)))
  return rows.map((row) => {
    const known = view.event(row.event)
    if (known !== undefined) return known
    const event = storedEvent(row, view.rules)
    view.keep(event)
    return event
  })
}
