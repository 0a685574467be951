import { LRUCache } from 'lru-cache'
import type { UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { threadActions, type ThreadActionRow } from '../../storage/tables/push-actions.ts'
import { rowsClass, totalOf } from '../engine/notification-counts.ts'
import type { RoomView } from '../engine/room-view.ts'
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
  readonly classId: number
  /** Packed totals at `upTo`. */
  readonly now: Uint8Array | undefined
  /** Packed totals at a live position. */
  readonly countsAt: (pos: number) => Promise<Uint8Array | undefined>
  /** Up to where the user has read single threads. */
  readonly read: ReadonlyMap<string, number>
}

interface Known {
  readonly floor: number
  readonly classId: number
  /** Totals of all threads at `floor`. */
  readonly base: number
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
    const total = threadsTotal(wish.now, wish.classId)
    const rowsTotal = totalOf(wish.now, rowsClass, 'threads')
    if (total === 0 && rowsTotal === 0) return none
    const known = await this.#update(view, userId, wish, rowsTotal)
    if (total === known.base && rowsTotal === known.baseRows) return none
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
      if (isUnread(thread, pos)) add(thread, notified.includes(wish.classId) ? 1 : 0, highlighted.includes(wish.classId) ? 1 : 0)
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
    const { floor, classId, upTo } = wish
    const same = earlier !== undefined && earlier.floor === floor && earlier.classId === classId ? earlier : undefined
    if (same?.rowsTotal === rowsTotal) return same
    const base = same === undefined ? await wish.countsAt(floor) : undefined
    const baseRows = same?.baseRows ?? totalOf(base, rowsClass, 'threads')
    const rows = rowsTotal === baseRows ? [] : await threadActions(this.#db, view.room, userId, floor, upTo, threadEventsMax)
    const known: Known = { floor, classId, base: same?.base ?? threadsTotal(base, classId), baseRows, rowsTotal, rows }
    this.#known.set(name, known)
    return known
  }
}

/** It has grown wherever a thread may hold something unread. */
function threadsTotal(counts: Uint8Array | undefined, classId: number): number {
  return totalOf(counts, classId, 'threads') + totalOf(counts, classId, 'threadHighlights')
}
