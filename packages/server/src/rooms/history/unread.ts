import { LRUCache } from 'lru-cache'
import type { UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { countsAt, newestOfSender } from '../../storage/tables/history.ts'
import { sumPushActions } from '../../storage/tables/push-actions.ts'
import type { Receipt } from '../../ephemeral/receipt-announcement.ts'
import { rowsClass, totalOf } from '../engine/notification-counts.ts'
import type { RoomView } from '../engine/room-view.ts'
import { ownEventScanMax, unreadInMemoryMax } from './limits.ts'

/** What a user has not read of a room. */
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

/** What was found for one user and room. */
interface Known {
  /** Live position up to which the user has read. */
  readonly readPos: number
  readonly classId: number
  /** The total of the user's class at `readPos`. */
  readonly base: number
  /** Up to where own events were looked for. */
  readonly scannedTo: number
  /** Rows of the room in total, when the user's own were summed up. */
  readonly rowsTotal: number
  readonly notify: number
  readonly highlight: number
}

const receiptTypes = new Set(['m.read', 'm.read.private'])

/**
 * Unread counts (Client-Server API, "Receiving notifications"): how far the total of the user's class has grown since what
 * they have read, and the rows of `push_actions` since then. Read is what a receipt names, what the user sent, and what was
 * there when they joined. In a warm room nothing is asked of the database.
 */
export class Unread {
  readonly #ports: Ports
  readonly #known = new LRUCache<string, Known>({ max: unreadInMemoryMax })

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The counts at a live position. `joinedPos`: of the user's member event. */
  async of(view: RoomView, userId: UserId, upTo: number, joinedPos: number): Promise<UnreadCounts> {
    const name = `${view.room} ${userId}`
    const earlier = this.#known.get(name)
    const now = await this.#countsAt(view, upTo)
    const known = await this.#update(view, userId, upTo, joinedPos, now, earlier)
    if (known !== earlier) this.#known.set(name, known)
    const grown = totalOf(now, known.classId) - known.base
    return { notifications: Math.max(0, grown + known.notify), highlights: Math.max(0, known.highlight) }
  }

  async #update(
    view: RoomView,
    userId: UserId,
    upTo: number,
    joinedPos: number,
    now: Uint8Array | undefined,
    earlier: Known | undefined,
  ): Promise<Known> {
    const classId = await this.#ports.classOf(userId)
    const rowsTotal = totalOf(now, rowsClass)
    let readPos = Math.max(joinedPos, earlier?.readPos ?? 0)
    for (const receipt of await this.#ports.receiptsOf(view.room, userId)) {
      const whole = receipt.thread === '' || receipt.thread === 'main'
      if (whole && receiptTypes.has(receipt.type) && receipt.eventPos <= upTo) readPos = Math.max(readPos, receipt.eventPos)
    }
    const scanFrom = Math.max(readPos, earlier?.scannedTo ?? 0)
    if (scanFrom < upTo) readPos = Math.max(readPos, await this.#newestOwn(view, userId, scanFrom, upTo))
    const unchanged = earlier !== undefined && earlier.readPos === readPos && earlier.classId === classId
    if (unchanged && earlier.rowsTotal === rowsTotal) return earlier.scannedTo >= upTo ? earlier : { ...earlier, scannedTo: upTo }
    const base = unchanged ? earlier.base : totalOf(await this.#countsAt(view, readPos), classId)
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

  /** The position of the user's own newest event in a stretch, 0 if there is none among the newest ones. */
  async #newestOwn(view: RoomView, userId: UserId, after: number, upTo: number): Promise<number> {
    for (let index = view.recent.length - 1; index >= 0; index -= 1) {
      const event = view.recent[index]
      if (event?.pos === undefined || event.pos <= after) return 0
      if (event.pos <= upTo && event.pdu.sender === userId) return event.pos
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
