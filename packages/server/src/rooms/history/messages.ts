import type { Database } from '../../storage/database.ts'
import { historyNumbersBackwards, historyNumbersForwards, type HistoryRow } from '../../storage/tables/history.ts'
import { missingEvents } from '../../storage/tables/rooms.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { pageBackfillsMax, pageScanMax, pageTextMax, sliceEvents } from './limits.ts'
import { isAfter, placeAfter, placeBefore, type Place } from './place.ts'
import type { RoomSight } from './room-sight.ts'

/**
 * Fetch history of other servers from before `place`, for somebody who reads back from `from`: resolves with true when there
 * is more now. The federation side supplies it; it keeps its own limits and remembers who failed.
 */
export type Backfill = (view: RoomView, place: Place, from: Place) => Promise<boolean>

/** One page of a room's history. */
export interface PageWish {
  readonly direction: 'b' | 'f'
  readonly from: Place
  /** Where to stop, if before the limit. */
  readonly to: Place | undefined
  readonly limit: number
  readonly wants: (event: StoredEvent) => boolean
  /** Looks up what `wants` needs to know of events. */
  readonly prepare?: ((events: readonly StoredEvent[]) => Promise<void>) | undefined
}

/** The events in the order of the direction, and where the next page begins; no `end` when there is nothing further. */
export interface Page {
  readonly events: readonly StoredEvent[]
  readonly end: Place | undefined
}

/**
 * Read a page over (depth, position). What the reader may not see is left out, so a page can be empty and still have an
 * `end`. Paging back, a gap or a start that is not the room's own is first filled from other servers.
 */
export async function readPage(db: Database, sight: RoomSight, wish: PageWish, backfill: Backfill): Promise<Page> {
  const page = new PageReader(db, sight, wish)
  await page.read()
  if (wish.direction === 'f') return page.result()
  for (let round = 0; round < pageBackfillsMax; round += 1) {
    // What is here of a room that we have joined fast is not held up by what is not.
    if (sight.view.partial !== undefined && page.result().events.length > 0) break
    if (!(await page.hasGap()) || !(await backfill(sight.view, page.place, wish.from))) break
    page.restart()
    await page.read()
  }
  return page.result()
}

class PageReader {
  readonly #db: Database
  readonly #sight: RoomSight
  readonly #wish: PageWish
  #events: StoredEvent[] = []
  /** Up to where events were looked at. */
  #place: Place
  #oldest: StoredEvent | undefined
  /** Events from this live position on are passed over. */
  readonly #below: number
  #exhausted = false
  #reachedTo = false

  constructor(db: Database, sight: RoomSight, wish: PageWish) {
    this.#db = db
    this.#sight = sight
    this.#wish = wish
    this.#place = wish.from
    this.#below = wish.direction === 'b' ? (wish.from.below ?? Infinity) : Infinity
  }

  get place(): Place {
    return this.#place
  }

  restart(): void {
    this.#events = []
    this.#place = this.#wish.from
    this.#exhausted = false
    this.#reachedTo = false
  }

  async read(): Promise<void> {
    let scanned = 0
    let text = 0
    while (this.#events.length < this.#wish.limit && scanned < pageScanMax && text < pageTextMax && !this.#exhausted) {
      const asked = Math.min(sliceEvents, Math.max(this.#wish.limit - this.#events.length, 20))
      const rows = await this.#rows(asked)
      const events = await loadEvents(
        this.#db,
        this.#sight.view,
        rows.filter((row) => row.pos < this.#below).map((row) => row.event),
      )
      await this.#sight.load(events)
      await this.#wish.prepare?.(events)
      for (const event of events) {
        if (this.#events.length >= this.#wish.limit || text >= pageTextMax) return
        scanned += 1
        this.#pass(event)
        this.#oldest = event
        if (!this.#wish.wants(event) || !this.#sight.sees(event)) continue
        this.#events.push(event)
        text += event.pdu.json.length
      }
      const last = rows.at(-1)
      if (last !== undefined) this.#pass(last)
      scanned += rows.length - events.length
      if (rows.length < asked) this.#exhausted = true
    }
    // A full page that happens to end with the last event has no further one.
    if (!this.#exhausted && (await this.#rows(1)).length === 0) this.#exhausted = true
  }

  /** Is there, at or before the end of what was read, history that other servers have and this one has not? */
  async hasGap(): Promise<boolean> {
    const { view } = this.#sight
    if (view.servers.size < 2) return false
    if (this.#exhausted && !this.#reachedTo && this.#oldest?.pdu.type !== 'm.room.create') return true
    const { from } = this.#wish
    return (await missingEvents(this.#db, view.room)).some((missing) => missing.depth >= this.#place.depth && missing.depth <= from.depth)
  }

  result(): Page {
    const untold = this.#wish.direction === 'b' && this.#sight.view.partial !== undefined && !this.#reachedTo
    const further = !this.#exhausted || untold || (this.#reachedTo && this.#events.length > 0)
    const { depth, pos } = this.#place
    const end = this.#below === Infinity ? { depth, pos } : { depth, pos, below: this.#below }
    return { events: this.#events, end: further ? end : undefined }
  }

  #pass(event: Pick<StoredEvent, 'depth' | 'pos'>): void {
    this.#place = this.#wish.direction === 'b' ? placeBefore(event) : placeAfter(event)
  }

  async #rows(limit: number): Promise<HistoryRow[]> {
    const { direction, to } = this.#wish
    const { room } = this.#sight.view
    const { depth, pos } = this.#place
    const rows =
      direction === 'f'
        ? await historyNumbersForwards(this.#db, room, this.#place, limit)
        : await historyNumbersBackwards(this.#db, room, { depth, pos: pos + 1 }, limit)
    if (to === undefined) return rows
    const kept = rows.filter((row) => isAfter(row, to) === (direction === 'b'))
    if (kept.length < rows.length) this.#reachedTo = true
    return kept
  }
}
