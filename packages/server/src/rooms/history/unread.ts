import { LRUCache } from 'lru-cache'
import { membershipOfEvent, type UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { countsAt, newestOfSender } from '../../storage/tables/history.ts'
import { sumPushActions } from '../../storage/tables/push-actions.ts'
import { pushClassesOf } from '../../storage/tables/push-classes.ts'
import type { Receipt } from '../../ephemeral/receipt-announcement.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import { movesIn, rowsClass, totalOf } from '../engine/notification-counts.ts'
import type { RoomView } from '../engine/room-view.ts'
import { ThreadUnread } from '../relations/thread-unread.ts'
import { ClassHistory, grownOver, type CountsAt } from './class-history.ts'
import { membershipStepsMax, ownEventScanMax, unreadInMemoryMax } from './limits.ts'

/** What a user has not read. */
export interface UnreadCounts {
  readonly notifications: number
  readonly highlights: number
}

interface Ports {
  readonly db: Database
  /** A user's receipts in a room, by its number. */
  readonly receiptsOf: (room: number, userId: UserId) => Promise<readonly Receipt[]>
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
  readonly history: ClassHistory
  /** How often users of the room had changed their class, when the history was read. */
  readonly moves: number
  /** The class that the user is in since `readPos`, or since they changed their rules after it, and its totals there. */
  readonly classId: number
  readonly base: UnreadCounts
  /** What was counted in other classes since `readPos`. */
  readonly settled: UnreadCounts
  /** Up to where own events were looked for. */
  readonly scannedTo: number
  /** Rows of the main timeline in total, when the user's own were summed up. */
  readonly rowsTotal: number
  readonly rows: UnreadCounts
}

/** Up to where a user's receipts and their joining say that they have read. Live positions. */
interface ReadUpTo {
  /** Everything. */
  readonly floor: number
  /** The main timeline, by receipts on it. */
  readonly main: number
  readonly threads: ReadonlyMap<string, number>
}

const nothing: UnreadCounts = { notifications: 0, highlights: 0 }
const receiptTypes = new Set(['m.read', 'm.read.private'])

/**
 * Unread counts (Client-Server API, "Receiving notifications"): how far the totals of the classes that the user was in have grown
 * since what they have read, each while they were in it, and the rows of `push_actions` since then. Read is what a receipt names, what the
 * user sent (a new name or picture is nothing that they sent), and what was there when they joined; a receipt of a thread, or an event in it, is about that thread alone, and so it is with the main
 * timeline. In a warm room nothing is asked of the database.
 */
export class Unread {
  readonly #ports: Ports
  readonly #threads: ThreadUnread
  readonly #known = new LRUCache<string, Known>({ max: unreadInMemoryMax })
  /** Since when somebody is in a room, by the position of their newest member event. */
  readonly #stays = new LRUCache<string, { readonly memberPos: number; readonly since: number }>({ max: unreadInMemoryMax })

  constructor(ports: Ports) {
    this.#ports = ports
    this.#threads = new ThreadUnread(ports.db)
  }

  /** The counts at a live position. `memberPos`: of the user's member event, which may only have changed their name. */
  async of(view: RoomView, userId: UserId, upTo: number, memberPos: number): Promise<RoomUnread> {
    const name = `${view.room} ${userId}`
    const earlier = this.#known.get(name)
    const now = await this.#countsAt(view, upTo)
    const read = await this.#readUpTo(view, userId, upTo, memberPos)
    const known = await this.#update(view, userId, upTo, read, now, earlier)
    if (known !== earlier) this.#known.set(name, known)
    const { base, settled, rows, history } = known
    const total = mainTotals(now, known.classId)
    const main = {
      notifications: Math.max(0, total.notifications - base.notifications + settled.notifications + rows.notifications),
      highlights: Math.max(0, total.highlights - base.highlights + settled.highlights + rows.highlights),
    }
    const countsAt: CountsAt = (pos) => this.#countsAt(view, pos)
    const threads = await this.#threads.of(view, userId, { upTo, floor: read.floor, history, now, countsAt, read: read.threads })
    let { notifications, highlights } = main
    for (const thread of threads.values()) {
      notifications += thread.notifications
      highlights += thread.highlights
    }
    return { notifications, highlights, main, threads }
  }

  async #readUpTo(view: RoomView, userId: UserId, upTo: number, memberPos: number): Promise<ReadUpTo> {
    let floor = 0
    let main = 0
    const threads = new Map<string, number>()
    for (const { type, thread, eventPos } of await this.#ports.receiptsOf(view.room, userId)) {
      if (!receiptTypes.has(type)) continue
      const pos = Math.min(eventPos, upTo)
      if (thread === '') floor = Math.max(floor, pos)
      else if (thread === 'main') main = Math.max(main, pos)
      else threads.set(thread, Math.max(pos, threads.get(thread) ?? 0))
    }
    if (floor < memberPos) floor = Math.max(floor, await this.#stayedSince(view, userId, memberPos))
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
    const [rowsTotal, moves] = [totalOf(now, rowsClass), movesIn(now)]
    let readPos = Math.max(read.main, earlier?.readPos ?? 0)
    const scanFrom = Math.max(readPos, earlier?.scannedTo ?? 0)
    if (scanFrom < upTo) readPos = Math.max(readPos, await this.#newestOwn(view, userId, scanFrom, upTo))
    const same = earlier?.readPos === readPos && earlier.moves === moves ? earlier : undefined
    if (same?.rowsTotal === rowsTotal) return same.scannedTo >= upTo ? same : { ...same, scannedTo: upTo }
    const { db } = this.#ports
    const rows = rowsTotal === 0 ? nothing : await sumPushActions(db, view.room, userId, readPos, upTo)
    if (same !== undefined) return { ...same, scannedTo: upTo, rowsTotal, rows }
    const history = earlier?.moves === moves ? earlier.history : await this.#historyOf(view, userId, moves)
    const countsAt: CountsAt = (pos) => this.#countsAt(view, pos)
    const stretches = history.stretches(readPos, upTo)
    const [notifications = 0, highlights = 0] = await grownOver(stretches.slice(0, -1), countsAt, ['main', 'mainHighlights'])
    const { classId, after } = stretches[stretches.length - 1] ?? stretches[0]
    const base = mainTotals(await countsAt(after), classId)
    return { readPos, history, moves, classId, base, settled: { notifications, highlights }, scannedTo: upTo, rowsTotal, rows }
  }

  async #historyOf(view: RoomView, userId: UserId, moves: number): Promise<ClassHistory> {
    return new ClassHistory(moves === 0 ? [] : await pushClassesOf(this.#ports.db, view.room, userId))
  }

  /** The live position of the event with which the user came to be in the room, found from their newest member event back. */
  async #stayedSince(view: RoomView, userId: UserId, memberPos: number): Promise<number> {
    const name = `${view.room} ${userId}`
    const known = this.#stays.get(name)
    if (known?.memberPos === memberPos) return known.since
    const { db } = this.#ports
    const key = view.keys.find('m.room.member', userId)
    let number = key === undefined ? 0 : view.current.state.get(key)
    let since = memberPos
    for (let step = 0; number !== 0 && step < membershipStepsMax; step += 1) {
      const [event] = await loadEvents(db, view, [number])
      if (event === undefined || membershipOfEvent(event.pdu) !== 'join') break
      since = Math.min(since, event.pos ?? since)
      number = key === undefined ? 0 : (await loadNode(db, view, event.stateBefore)).state.get(key)
    }
    this.#stays.set(name, { memberPos, since })
    return since
  }

  /** The totals after the live event at a position. */
  async #countsAt(view: RoomView, pos: number): Promise<Uint8Array | undefined> {
    const newest = view.recent.at(-1)?.pos
    const inMemory = newest === undefined ? undefined : view.recent[view.recent.length - 1 - (newest - pos)]
    if (inMemory?.pos === pos) return inMemory.counts
    if (pos <= 0) return undefined
    return (await countsAt(this.#ports.db, view.room, pos))?.counts ?? undefined
  }

  /** The position of the newest event that the user sent into the main timeline in a stretch, 0 if there is none among the newest ones. */
  async #newestOwn(view: RoomView, userId: UserId, after: number, upTo: number): Promise<number> {
    for (let index = view.recent.length - 1; index >= 0; index -= 1) {
      const event = view.recent[index]
      if (event?.pos === undefined || event.pos <= after) return 0
      if (event.pos <= upTo && event.pdu.sender === userId && event.thread === undefined && event.pdu.stateKey !== userId) return event.pos
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
