import { LRUCache } from 'lru-cache'
import type { UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { countsAt, newestOfSender } from '../../storage/tables/history.ts'
import { sumPushActions } from '../../storage/tables/push-actions.ts'
import type { Receipt } from '../../ephemeral/receipt-announcement.ts'
import { rowsClass, totalOf } from '../engine/notification-counts.ts'
import type { RoomView } from '../engine/room-view.ts'
import { ThreadUnread } from '../relations/thread-unread.ts'
import { ownEventScanMax, unreadInMemoryMax } from './limits.ts'

/** What a user has not read. */
export interface UnreadCounts {
  readonly notifications: number
  readonly highlights: number
}

interface Ports {
  readonly db: Database
  /** A user's receipts in a room, by its number. */
  readonly receiptsOf: (room: number, userId: UserId) => Promise<readonly Receipt[]>
  /** The class of equal push rules that a user is in. */
  readonly classOf: (userId: UserId) => Promise<number>
}

/** What is unread of a room: of everything together, of the main timeline, and of each thread that has anything unread. */
export interface RoomUnread extends UnreadCounts {
  readonly main: UnreadCounts
  /** By thread root. */
  readonly threads: ReadonlyMap<string, UnreadCounts>
}

/** What was found for one user and room. */
interface Known {
  /** Live position up to which the user has read the main timeline. */
  readonly readPos: number
  readonly classId: number
  /** Totals of the user's class at `readPos`. */
  readonly base: UnreadCounts
  /** Up to where own events were looked for. */
  readonly scannedTo: number
  /** Rows of the main timeline in total, when the user's own were summed up. */
  readonly rowsTotal: number
  readonly notify: number
  readonly highlight: number
}

/** Up to where a user's receipts and their joining say that they have read. Live positions. */
interface ReadUpTo {
  /** Everything. */
  readonly floor: number
  /** The main timeline, by receipts on it. */
  readonly main: number
  readonly threads: ReadonlyMap<string, number>
}

const receiptTypes = new Set(['m.read', 'm.read.private'])

/**
 * Unread counts (Client-Server API, "Receiving notifications"): how far the total of the user's class has grown since what
 * they have read, and the rows of `push_actions` since then. Read is what a receipt names, what the user sent, and what was
 * there when they joined; a receipt of a thread, or an event in it, is about that thread alone, and so it is with the main
 * timeline. In a warm room nothing is asked of the database.
 */
export class Unread {
  readonly #ports: Ports
  readonly #threads: ThreadUnread
  readonly #known = new LRUCache<string, Known>({ max: unreadInMemoryMax })

  constructor(ports: Ports) {
    this.#ports = ports
    this.#threads = new ThreadUnread(ports.db)
  }

  /** The counts at a live position. `joinedPos`: of the user's member event. */
  async of(view: RoomView, userId: UserId, upTo: number, joinedPos: number): Promise<RoomUnread> {
    const name = `${view.room} ${userId}`
    const earlier = this.#known.get(name)
    const now = await this.#countsAt(view, upTo)
    const read = await this.#readUpTo(view, userId, upTo, joinedPos)
    const known = await this.#update(view, userId, upTo, read, now, earlier)
    if (known !== earlier) this.#known.set(name, known)
    const { classId } = known
    const total = mainTotals(now, classId)
    const main = {
      notifications: Math.max(0, total.notifications - known.base.notifications + known.notify),
      highlights: Math.max(0, total.highlights - known.base.highlights + known.highlight),
    }
    const countsAt = (pos: number): Promise<Uint8Array | undefined> => this.#countsAt(view, pos)
    const threads = await this.#threads.of(view, userId, { upTo, floor: read.floor, classId, now, countsAt, read: read.threads })
    let { notifications, highlights } = main
    for (const thread of threads.values()) {
      notifications += thread.notifications
      highlights += thread.highlights
    }
    return { notifications, highlights, main, threads }
  }

  async #readUpTo(view: RoomView, userId: UserId, upTo: number, joinedPos: number): Promise<ReadUpTo> {
    let floor = joinedPos
    let main = 0
    const threads = new Map<string, number>()
    for (const { type, thread, eventPos } of await this.#ports.receiptsOf(view.room, userId)) {
      if (!receiptTypes.has(type)) continue
      const pos = Math.min(eventPos, upTo)
      if (thread === '') floor = Math.max(floor, pos)
      else if (thread === 'main') main = Math.max(main, pos)
      else threads.set(thread, Math.max(pos, threads.get(thread) ?? 0))
    }
    return { floor, main: Math.max(floor, main), threads }
  }

  async #update(
    view: RoomView,
    userId: UserId,
    upTo: number,
    read: ReadUpTo,
    now: Uint8Array | undefined,
    earlier: Known | undefined,
  ): Promise<Known> {
    const classId = await this.#ports.classOf(userId)
    const rowsTotal = totalOf(now, rowsClass)
    let readPos = Math.max(read.main, earlier?.readPos ?? 0)
    const scanFrom = Math.max(readPos, earlier?.scannedTo ?? 0)
    if (scanFrom < upTo) readPos = Math.max(readPos, await this.#newestOwn(view, userId, scanFrom, upTo))
    const unchanged = earlier !== undefined && earlier.readPos === readPos && earlier.classId === classId
    if (unchanged && earlier.rowsTotal === rowsTotal) return earlier.scannedTo >= upTo ? earlier : { ...earlier, scannedTo: upTo }
    const base = unchanged ? earlier.base : mainTotals(await this.#countsAt(view, readPos), classId)
    const rows = rowsTotal === 0 ? { notify: 0, highlight: 0 } : await sumPushActions(this.#ports.db, view.room, userId, readPos, upTo)
    return { readPos, classId, base, scannedTo: upTo, rowsTotal, ...rows }
  }

  /** The totals after the live event at a position. */
  async #countsAt(view: RoomView, pos: number): Promise<Uint8Array | undefined> {
    const newest = view.recent.at(-1)?.pos
    const inMemory = newest === undefined ? undefined : view.recent[view.recent.length - 1 - (newest - pos)]
    if (inMemory?.pos === pos) return inMemory.counts
    if (pos <= 0) return undefined
    return (await countsAt(this.#ports.db, view.room, pos))?.counts ?? undefined
  }

  /** The position of the user's own newest event of the main timeline in a stretch, 0 if there is none among the newest ones. */
  async #newestOwn(view: RoomView, userId: UserId, after: number, upTo: number): Promise<number> {
    for (let index = view.recent.length - 1; index >= 0; index -= 1) {
      const event = view.recent[index]
      if (event?.pos === undefined || event.pos <= after) return 0
      if (event.pos <= upTo && event.pdu.sender === userId && event.thread === undefined) return event.pos
    }
    const oldest = view.recent[0]?.pos ?? 1
    if (oldest - 1 <= after) return 0
    const sender = view.keys.find('m.room.member', userId)
    if (sender === undefined) return 0
    return (
      (await newestOfSender(this.#ports.db, view.room, sender, Math.max(after, upTo - ownEventScanMax), Math.min(upTo, oldest - 1))) ?? 0
    )
  }
}

function mainTotals(counts: Uint8Array | undefined, classId: number): UnreadCounts {
  return { notifications: totalOf(counts, classId), highlights: totalOf(counts, classId, 'mainHighlights') }
}
