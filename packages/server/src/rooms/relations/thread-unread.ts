import { LRUCache } from 'lru-cache'
import type { UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { threadActions, type ThreadActionRow } from '../../storage/tables/push-actions.ts'
import { commonClass, movesIn, rowsClass, totalOf } from '../engine/notification-counts.ts'
import type { RoomView } from '../engine/room-view.ts'
import { grownOver, type ClassHistory, type CountsAt } from '../history/class-history.ts'
import { unreadInMemoryMax } from '../history/limits.ts'
import type { UnreadCounts } from '../history/unread.ts'
import { threadEventsMax } from './limits.ts'
import { ThreadWindows } from './thread-window.ts'

/** What counts of a room for a user. */
export interface ThreadsWish {
  /** Live position up to which to count. */
  readonly upTo: number
  /** Live position up to which the user has read everything. */
  readonly floor: number
  readonly history: ClassHistory
  /** Packed totals at `upTo`. */
  readonly now: Uint8Array | undefined
  readonly countsAt: CountsAt
  /** Up to where the user has read single threads. */
  readonly read: ReadonlyMap<string, number>
}

interface Known {
  readonly floor: number
  readonly history: ClassHistory
  /** The class that the user is in since `floor`, or since they changed their rules after it, and its totals of all threads there. */
  readonly classId: number
  readonly base: number
  /** What all threads were counted in other classes since `floor`. */
  readonly settled: number
  readonly baseRows: number
  readonly rowsTotal: number
  readonly rows: readonly ThreadActionRow[]
}

const none: ReadonlyMap<string, UnreadCounts> = new Map()

/**
 * What a user has not read of each thread. Whether there may be anything is seen from the totals of the room's newest event;
 * what there is, from the room's newest events in threads. A user's own event in a thread says that they have read it.
 */
export class ThreadUnread {
  readonly #db: Database
  readonly #windows: ThreadWindows
  readonly #known = new LRUCache<string, Known>({ max: unreadInMemoryMax })

  constructor(db: Database) {
    this.#db = db
    this.#windows = new ThreadWindows(db)
  }

  /** By thread root; threads without anything unread are left out. Bound: the newest `threadEventsMax` events in threads. */
  async of(view: RoomView, userId: UserId, wish: ThreadsWish): Promise<ReadonlyMap<string, UnreadCounts>> {
    const rowsTotal = totalOf(wish.now, rowsClass, 'threads')
    if (movesIn(wish.now) === 0 && rowsTotal === 0 && threadsTotal(wish.now, commonClass) === 0) return none
    const known = await this.#update(view, userId, wish, rowsTotal)
    if (known.settled === 0 && threadsTotal(wish.now, known.classId) === known.base && rowsTotal === known.baseRows) return none
    const { from, events } = await this.#windows.of(view, wish.upTo)
    const start = Math.max(from, wish.floor)
    const read = new Map(wish.read)
    const own = view.keys.find('m.room.member', userId)
    for (const { pos, thread, sender } of events) {
      if (sender === own && pos <= wish.upTo) read.set(thread, Math.max(pos, read.get(thread) ?? 0))
    }
    const isUnread = (thread: string, pos: number): boolean => pos > start && pos <= wish.upTo && pos > (read.get(thread) ?? 0)
    const counts = new Map<string, { notifications: number; highlights: number }>()
    const add = (thread: string, notifications: number, highlights: number): void => {
      const earlier = counts.get(thread) ?? { notifications: 0, highlights: 0 }
      counts.set(thread, { notifications: earlier.notifications + notifications, highlights: earlier.highlights + highlights })
    }
    for (const { pos, thread, notified, highlighted } of events) {
      if (!isUnread(thread, pos)) continue
      const classId = wish.history.at(pos)
      add(thread, notified.includes(classId) ? 1 : 0, highlighted.includes(classId) ? 1 : 0)
    }
    for (const { pos, thread, notify, highlight } of known.rows) if (isUnread(thread, pos)) add(thread, notify, highlight)
    for (const [thread, { notifications, highlights }] of counts) {
      if (notifications <= 0 && highlights <= 0) counts.delete(thread)
    }
    return counts
  }

  async #update(view: RoomView, userId: UserId, wish: ThreadsWish, rowsTotal: number): Promise<Known> {
    const name = `${view.room} ${userId}`
    const earlier = this.#known.get(name)
    const { floor, history, upTo, countsAt } = wish
    const same = earlier !== undefined && earlier.floor === floor && earlier.history === history ? earlier : undefined
    if (same?.rowsTotal === rowsTotal) return same
    const baseRows = same?.baseRows ?? totalOf(await countsAt(floor), rowsClass, 'threads')
    const rows = rowsTotal === baseRows ? [] : await threadActions(this.#db, view.room, userId, floor, upTo, threadEventsMax)
    const totals = same ?? (await totalsSince(wish))
    const known: Known = { ...totals, floor, history, baseRows, rowsTotal, rows }
    this.#known.set(name, known)
    return known
  }
}

/** What all threads together were counted, before the class that the user is in now and in it. */
async function totalsSince({ history, floor, upTo, countsAt }: ThreadsWish): Promise<Pick<Known, 'classId' | 'base' | 'settled'>> {
  const stretches = history.stretches(floor, upTo)
  const [notified = 0, highlighted = 0] = await grownOver(stretches.slice(0, -1), countsAt, ['threads', 'threadHighlights'])
  const { classId, after } = stretches[stretches.length - 1] ?? stretches[0]
  return { classId, base: threadsTotal(await countsAt(after), classId), settled: notified + highlighted }
}

/** It has grown wherever a thread may hold something unread. */
function threadsTotal(counts: Uint8Array | undefined, classId: number): number {
  return totalOf(counts, classId, 'threads') + totalOf(counts, classId, 'threadHighlights')
}
