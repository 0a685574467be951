import type { Database } from '../../storage/database.ts'
import { threadEvents } from '../../storage/tables/history.ts'
import { rowsClass, unpackCounts, type CountKind } from '../engine/notification-counts.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { KeyNumber } from '../engine/state-vector.ts'
import { threadEventsMax } from './limits.ts'

/** A live event in a thread, which classes of users with equal push rules it notified, and for which it was a highlight. */
export interface ThreadEvent {
  readonly pos: number
  readonly thread: string
  readonly sender: KeyNumber
  readonly notified: readonly number[]
  readonly highlighted: readonly number[]
}

/** A room's newest events in threads: all of those after live position `from` up to `to`, oldest first. */
interface Window {
  from: number
  to: number
  events: ThreadEvent[]
}

interface Written {
  readonly pos: number
  readonly thread: string
  readonly sender: KeyNumber
  readonly counts: Uint8Array | undefined
  /** Totals at the live event right before it. */
  readonly before: Uint8Array | undefined
}

/** The newest events in threads of the rooms in memory: read once, then followed in memory. */
export class ThreadWindows {
  readonly #db: Database
  readonly #windows = new WeakMap<RoomView, Window>()

  constructor(db: Database) {
    this.#db = db
  }

  /** The events in threads up to a live position, oldest first, as far back as `from`. */
  async of(view: RoomView, upTo: number): Promise<{ readonly from: number; readonly events: readonly ThreadEvent[] }> {
    for (;;) {
      const window = this.#windows.get(view) ?? (await this.#read(view, upTo))
      if (window.to >= upTo) return window
      const { to } = window
      const added = inMemory(view, to, upTo) ?? (await this.#stored(view, to, upTo))
      // Somebody else may have done the same meanwhile.
      if (window.to !== to) continue
      if (added.length > threadEventsMax) this.#windows.delete(view)
      else extend(window, added, upTo)
    }
  }

  async #read(view: RoomView, upTo: number): Promise<Window> {
    const stored = await this.#stored(view, 0, upTo)
    const whole = stored.length <= threadEventsMax
    const first = whole ? undefined : stored[0]
    const window: Window = { from: first?.pos ?? 0, to: first?.pos ?? 0, events: [] }
    extend(window, whole ? stored : stored.slice(1), upTo)
    const known = this.#windows.get(view)
    if (known !== undefined && known.to >= window.to) return known
    this.#windows.set(view, window)
    return window
  }

  async #stored(view: RoomView, after: number, upTo: number): Promise<Written[]> {
    const rows = await threadEvents(this.#db, view.room, after, upTo, threadEventsMax + 1)
    return rows.reverse().map((row) => ({ ...row, counts: row.counts ?? undefined, before: row.before ?? undefined }))
  }
}

/** The same from the newest live events, if they reach back so far. */
function inMemory({ recent }: RoomView, after: number, upTo: number): Written[] | undefined {
  const oldest = recent[0]?.pos
  if (oldest === undefined || oldest > Math.max(1, after)) return undefined
  return recent.flatMap(({ pos, thread, sender, counts }, index) =>
    pos !== undefined && thread !== undefined && pos > after && pos <= upTo
      ? [{ pos, thread, sender, counts, before: recent[index - 1]?.counts }]
      : [],
  )
}

function extend(window: Window, added: readonly Written[], upTo: number): void {
  for (const { pos, thread, sender, counts, before } of added) {
    const [earlier, totals] = [totalsOf(before), totalsOf(counts)]
    const notified = grown(earlier.notified, totals.notified)
    window.events.push({ pos, thread, sender, notified, highlighted: grown(earlier.highlighted, totals.highlighted) })
  }
  window.to = upTo
  const surplus = window.events.length - threadEventsMax
  if (surplus <= 0) return
  window.from = window.events[surplus - 1]?.pos ?? window.from
  window.events = window.events.slice(surplus)
}

/** By class. */
interface Totals {
  readonly notified: ReadonlyMap<number, number>
  readonly highlighted: ReadonlyMap<number, number>
}

/** The classes whose total has grown. */
function grown(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number[] {
  return [...after].flatMap(([classId, total]) => (total > (before.get(classId) ?? 0) ? [classId] : []))
}

function totalsOf(counts: Uint8Array | undefined): Totals {
  const totals = unpackCounts(counts).filter(({ classId }) => classId !== rowsClass)
  const of = (wanted: CountKind) => new Map(totals.flatMap(({ kind, classId, total }) => (kind === wanted ? [[classId, total]] : [])))
  return { notified: of('threads'), highlighted: of('threadHighlights') }
}
