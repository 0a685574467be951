import { parseEventId, serverOf, type RoomId, type ServerName, type UserId } from '@causeway/events'
import type { Clock } from '../platform/clock.ts'
import type { Database } from '../storage/database.ts'
import { removeReadActions, removeReadThreadActions } from '../storage/tables/push-actions.ts'
import { advanceReceipt, countReceipts } from '../storage/tables/receipts.ts'
import { receiptsOfEduMax, threadReceiptsMax } from './limits.ts'
import { privateReceipt, type Receipt, type ReceiptAnnouncement } from './receipt-announcement.ts'

/** A receipt that somebody sends. */
export interface ReceiptCommand {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly type: 'm.read' | 'm.read.private'
  /** '' for an unthreaded receipt. */
  readonly thread: string
  readonly eventId: string
}

/** Where an event stands in a room. `pos` is 0 when this server has not got the event. */
export interface Located {
  readonly room: number
  readonly pos: number
}

/** One receipt of an EDU. */
export interface ReceivedReceipt {
  readonly roomId: RoomId
  readonly userId: UserId
  /** Of whatever form. */
  readonly eventId: string
  readonly thread: string
  /** Milliseconds since 1970, as the sender says. */
  readonly ts: number
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  /** Absent for a room that this server has not got. */
  readonly locate: (roomId: RoomId, eventId: string) => Promise<Located | undefined>
  readonly isJoined: (roomId: RoomId, userId: UserId) => Promise<boolean>
  /** A public receipt of a user of ours moved: tell the other servers of the room. */
  readonly federateReceipt: (roomId: RoomId, receipt: Receipt) => void
}

/**
 * Read receipts: each moves forward only, and is one guarded row with a stream position and a timeline position (decision
 * record "Receipts").
 */
export class Receipts {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Move a receipt of a user of ours. Resolves with whether it moved once that is durable; false for a receipt that is
   * there already or further on. The caller has checked that the user is joined.
   */
  async set(command: ReceiptCommand, located: Located): Promise<boolean> {
    const receipt = await this.#advance(command, located, this.#ports.clock.now())
    if (receipt !== undefined && command.type !== privateReceipt) this.#ports.federateReceipt(command.roomId, receipt)
    return receipt !== undefined
  }

  /** The receipts of an EDU: those that are not about a joined user of its origin are ignored. */
  async receive(origin: ServerName, received: readonly ReceivedReceipt[]): Promise<void> {
    const moves: Promise<unknown>[] = []
    for (const receipt of received.slice(0, receiptsOfEduMax)) {
      const { roomId, userId, eventId, thread } = receipt
      const fits = thread === '' || thread === 'main' || parseEventId(thread) !== undefined
      if (!fits || serverOf(userId) !== origin || !(await this.#ports.isJoined(roomId, userId))) continue
      const located = await this.#ports.locate(roomId, eventId)
      if (located === undefined || (thread !== '' && !(await this.#hasPlace(located.room, userId)))) continue
      // In the order in which they came, and in few transactions of the database.
      moves.push(this.#advance({ roomId, userId, type: 'm.read', thread, eventId }, located, receipt.ts))
    }
    await Promise.all(moves)
  }

  /** Another server names threads as it likes: a user has receipts in a bounded number of them. */
  async #hasPlace(room: number, userId: UserId): Promise<boolean> {
    return (await countReceipts(this.#ports.db, room, userId, threadReceiptsMax)) < threadReceiptsMax
  }

  async #advance(command: ReceiptCommand, located: Located, ts: number): Promise<Receipt | undefined> {
    const { db } = this.#ports
    const { userId, type, thread, eventId, roomId } = command
    const { room, pos: eventPos } = located
    // Nothing waits between the position and the commit.
    const position = db.nextPosition()
    const receipt: Receipt = { userId, type, thread, eventId, eventPos, ts, slot: db.slot, position }
    const row = { room, user_id: userId, type, thread, event_id: eventId, event_pos: eventPos, ts, slot: db.slot, position }
    const announcement: ReceiptAnnouncement = {
      kind: 'receipt',
      room,
      roomId,
      userId,
      own: type === privateReceipt,
      slot: db.slot,
      position,
      receipt,
    }
    const steps = [{ query: advanceReceipt(row), expect: 1 }]
    const read =
      thread === ''
        ? removeReadActions(room, userId, eventPos)
        : removeReadThreadActions(room, userId, thread === 'main' ? '' : thread, eventPos)
    const outcome = await db.commit({
      steps: eventPos > 0 ? [...steps, { query: read }] : steps,
      announcements: [announcement],
    })
    return outcome.committed ? receipt : undefined
  }
}
