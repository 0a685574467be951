import { emptyObject, type EventId, type JsonObject, type RoomId, type UserId } from '@causeway/events'
import { eduMsMax, queuedEdusMax } from '../limits.ts'
import { eduJson } from './edu.ts'

/** A read receipt of one of our users. */
export interface OutboundReceipt {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly eventId: EventId
  /** Absent for an unthreaded one. */
  readonly threadId?: string | undefined
  /** Milliseconds since 1970. */
  readonly ts: number
}

interface Waiting {
  readonly json: string
  /** Monotonic milliseconds. */
  readonly until: number
}

/** EDUs that wait in memory for one server: bounded, coalesced, and forgotten when they are stale. */
export class EduQueue {
  readonly #edus = new Map<string, Waiting>()
  readonly #receipts = new Map<string, OutboundReceipt>()
  #next = 0

  get size(): number {
    return this.#edus.size + this.#receipts.size
  }

  /** Add an EDU; one of the same key takes the place of an earlier one. */
  add(json: string, coalesceKey: string | undefined, now: number): void {
    const key = coalesceKey ?? ` ${this.#next++}`
    this.#edus.delete(key)
    this.#edus.set(key, { json, until: now + eduMsMax })
    dropOldest(this.#edus)
  }

  /** Add a receipt; it takes the place of the user's earlier one in the same thread of the room. */
  addReceipt(receipt: OutboundReceipt): void {
    const key = JSON.stringify([receipt.roomId, receipt.userId, receipt.threadId])
    this.#receipts.delete(key)
    this.#receipts.set(key, receipt)
    dropOldest(this.#receipts)
  }

  /** Take up to `max` EDUs, oldest first; receipts are joined into few. */
  take(max: number, now: number): string[] {
    const taken: string[] = []
    for (const json of this.#receiptEdus(max)) taken.push(json)
    for (const [key, { json, until }] of this.#edus) {
      if (taken.length >= max) break
      this.#edus.delete(key)
      if (until > now) taken.push(json)
    }
    return taken
  }

  clear(): void {
    this.#edus.clear()
    this.#receipts.clear()
  }

  /** One EDU has one receipt for a user in a room; those for further threads go into further ones. Server-Server API, "Receipts". */
  #receiptEdus(max: number): string[] {
    const edus: Map<RoomId, Map<UserId, OutboundReceipt>>[] = []
    for (const [key, receipt] of this.#receipts) {
      let rooms = edus.find((each) => each.get(receipt.roomId)?.has(receipt.userId) !== true)
      if (rooms === undefined) {
        if (edus.length >= max) break
        edus.push((rooms = new Map()))
      }
      const users = rooms.get(receipt.roomId) ?? new Map<UserId, OutboundReceipt>()
      rooms.set(receipt.roomId, users.set(receipt.userId, receipt))
      this.#receipts.delete(key)
    }
    return edus.map((rooms) => eduJson({ type: 'm.receipt', content: receiptContent(rooms) }))
  }
}

function receiptContent(rooms: ReadonlyMap<RoomId, ReadonlyMap<UserId, OutboundReceipt>>): JsonObject {
  const content = emptyObject()
  for (const [roomId, users] of rooms) {
    const reads = emptyObject()
    for (const [userId, { eventId, ts, threadId }] of users) {
      const data = object(threadId === undefined ? { ts } : { thread_id: threadId, ts })
      reads[userId] = object({ data, event_ids: [eventId] })
    }
    content[roomId] = object({ 'm.read': reads })
  }
  return content
}

function object(members: JsonObject): JsonObject {
  return Object.assign(emptyObject(), members)
}

function dropOldest(map: Map<string, unknown>): void {
  if (map.size <= queuedEdusMax) return
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
