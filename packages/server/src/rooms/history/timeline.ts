import type { Database } from '../../storage/database.ts'
import { historyBackwards, liveEventsBackwards, type EventRow, type HistoryPlace } from '../../storage/tables/events.ts'
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
  /** Oldest first: in live order, or in history order when the timeline has no beginning that the reader knows. */
  readonly events: readonly StoredEvent[]
  /** Where it begins: the lowest live position of an event that was looked at. */
  readonly start: number
  /** The first event that was looked at. */
  readonly first: StoredEvent | undefined
  readonly order: 'live' | 'history'
  /** Are there older events after `wish.after` that it leaves out, or that this server has not got? */
  readonly limited: boolean
}

/**
 * The newest events of a stretch of a room, from memory as far as it reaches. It ends at an event whose prev events are
 * missing: what came before the gap is not shown as if it were next to it. What is new since the reader's last answer comes
 * in live order; without such a beginning the newest are those of history order, in which a fork's events stand where they
 * belong, and paging back goes on.
 */
export async function timelineOf(db: Database, sight: RoomSight, wish: TimelineWish): Promise<Timeline> {
  return wish.after === 0 && !isChain(sight.view) ? newestOfHistory(db, sight, wish) : newestOfLive(db, sight, wish)
}

/** Do the newest events follow one another, so that live order is history order? */
function isChain({ recent, tips }: RoomView): boolean {
  if (recent.length === 0) return tips.length <= 1
  if (tips.length !== 1 || tips[0]?.event !== recent.at(-1)?.event) return false
  return recent.every((event, index) => {
    const { prev } = event.edges
    return index === 0 ? prev.length <= 1 : prev.length === 1 && prev[0] === recent[index - 1]?.event
  })
}

async function newestOfHistory(db: Database, sight: RoomSight, wish: TimelineWish): Promise<Timeline> {
  const { view } = sight
  const events: StoredEvent[] = []
  let first: StoredEvent | undefined
  let start = wish.upTo + 1
  let place: HistoryPlace = { depth: Number.MAX_SAFE_INTEGER, pos: 0 }
  const ended = (limited: boolean): Timeline => ({ events: events.reverse(), start, first, order: 'history', limited })
  for (let scanned = 0; events.length < wish.limit && scanned < timelineScanMax;) {
    const rows = await historyBackwards(db, view.room, place, Math.min(100, Math.max(20, wish.limit - events.length)))
    const last = rows.at(-1)
    if (last === undefined) return ended(false)
    place = { depth: last.depth, pos: last.pos ?? 0 }
    const batch = stored(view, rows)
    await sight.load(batch)
    await wish.prepare?.(batch)
    for (const event of batch) {
      scanned += 1
      if (event.pos === undefined || event.pos > wish.upTo) continue
      // What was fetched later is of the past.
      if (events.length >= wish.limit || event.pos < 0) return ended(true)
      first = event
      start = Math.min(start, event.pos)
      if (event.event === wish.always || (wish.wants(event) && sight.sees(event))) events.push(event)
      if (event.edges.prev.includes(0)) return ended(true)
    }
  }
  // Nothing is before the room's creation.
  return ended(first === undefined || first.depth > 1)
}

async function newestOfLive(db: Database, sight: RoomSight, wish: TimelineWish): Promise<Timeline> {
  const events: StoredEvent[] = []
  let first: StoredEvent | undefined
  let start = wish.upTo + 1
  let scanned = 0
  while (start - 1 > wish.after && events.length < wish.limit && scanned < timelineScanMax) {
    const batch = await newestBefore(db, sight.view, start, wish, wish.limit - events.length)
    if (batch.length === 0) return { events: events.reverse(), start, first, order: 'live', limited: false }
    await sight.load(batch)
    await wish.prepare?.(batch)
    for (const event of batch) {
      if (events.length >= wish.limit) break
      first = event
      start = event.pos ?? start
      scanned += 1
      if (event.event === wish.always || (wish.wants(event) && sight.sees(event))) events.push(event)
      if (event.edges.prev.includes(0)) return { events: events.reverse(), start, first, order: 'live', limited: true }
    }
  }
  return { events: events.reverse(), start, first, order: 'live', limited: start - 1 > wish.after }
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
  return stored(view, rows)
}

function stored(view: RoomView, rows: readonly EventRow[]): StoredEvent[] {
  return rows.map((row) => {
    const known = view.event(row.event)
    if (known !== undefined) return known
    const event = storedEvent(row, view.rules)
    view.keep(event)
    return event
  })
}
