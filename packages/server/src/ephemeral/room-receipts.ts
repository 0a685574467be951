import { parseUserId, type UserId } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { Announcement, Database } from '../storage/database.ts'
import { receiptsOf, receiptsOfUser, type ReceiptRow } from '../storage/tables/receipts.ts'
import { receiptsInMemoryMax, receiptsOfRoomMax } from './limits.ts'
import { isReceiptAnnouncement, type Receipt } from './receipt-announcement.ts'

interface Held {
  /** By user, type and thread; oldest change first. */
  readonly receipts: Map<string, Receipt>
  /** Are these all receipts of the room? */
  readonly whole: boolean
  /** The newest stream position of each slot. */
  readonly newest: Map<number, number>
}

/**
 * The receipts of rooms, for readers: read once from storage, then kept current by what is committed. Hand it every group
 * commit before anybody reads.
 */
export class RoomReceipts {
  readonly #db: Database
  readonly #rooms = new LRUCache<number, Held>({ maxSize: receiptsInMemoryMax, sizeCalculation: (held) => 20 + held.receipts.size })
  /** What was committed while a room was being read. */
  readonly #reading = new Map<number, { readonly promise: Promise<Held>; readonly arrived: Receipt[] }>()

  constructor(db: Database) {
    this.#db = db
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (!isReceiptAnnouncement(announcement)) continue
      this.#reading.get(announcement.room)?.arrived.push(announcement.receipt)
      const held = this.#rooms.get(announcement.room)
      if (held === undefined) continue
      put(held, announcement.receipt)
      // Set anew it is weighed anew; what outgrew its bound is read again when it is next asked for.
      if (held.receipts.size > 2 * receiptsOfRoomMax && !held.whole) this.#rooms.delete(announcement.room)
      else this.#rooms.set(announcement.room, held)
    }
  }

  /** A room's receipts, those that changed last at the end: all of them, or the newest ones of a large room. */
  async ofRoom(room: number): Promise<Iterable<Receipt>> {
    return (await this.#hold(room)).receipts.values()
  }

  /** The receipts of a room that changed after `positions`. */
  async since(room: number, positions: ReadonlyMap<number, number>): Promise<readonly Receipt[]> {
    const held = await this.#hold(room)
    const isNew = (slot: number, position: number): boolean => position > (positions.get(slot) ?? 0)
    let changed = false
    for (const [slot, position] of held.newest) changed ||= isNew(slot, position)
    return changed ? [...held.receipts.values()].filter((receipt) => isNew(receipt.slot, receipt.position)) : []
  }

  /** One user's receipts in a room, private ones included. */
  async ofUser(room: number, userId: UserId): Promise<readonly Receipt[]> {
    const held = await this.#hold(room)
    if (!held.whole) return (await receiptsOfUser(this.#db, room, userId)).flatMap(receiptOf)
    const own: Receipt[] = []
    for (const receipt of held.receipts.values()) if (receipt.userId === userId) own.push(receipt)
    return own
  }

  #hold(room: number): Held | Promise<Held> {
    return this.#rooms.get(room) ?? this.#reading.get(room)?.promise ?? this.#read(room)
  }

  #read(room: number): Promise<Held> {
    const arrived: Receipt[] = []
    const promise = (async () => {
      try {
        const rows = await receiptsOf(this.#db, room, receiptsOfRoomMax)
        const held: Held = { receipts: new Map(), whole: rows.length < receiptsOfRoomMax, newest: new Map() }
        for (const receipt of [...rows.reverse().flatMap(receiptOf), ...arrived]) put(held, receipt)
        this.#rooms.set(room, held)
        return held
      } finally {
        this.#reading.delete(room)
      }
    })()
    this.#reading.set(room, { promise, arrived })
    return promise
  }
}

function put(held: Held, receipt: Receipt): void {
  const key = `${receipt.userId} ${receipt.type} ${receipt.thread}`
  // Inserted anew it is the last one.
  held.receipts.delete(key)
  held.receipts.set(key, receipt)
  held.newest.set(receipt.slot, Math.max(receipt.position, held.newest.get(receipt.slot) ?? 0))
}

function receiptOf(row: ReceiptRow): Receipt[] {
  const userId = parseUserId(row.user_id)
  if (userId === undefined) return []
  const { type, thread, event_id: eventId, event_pos: eventPos, ts, slot, position } = row
  return [{ userId, type, thread, eventId, eventPos, ts, slot, position }]
}
