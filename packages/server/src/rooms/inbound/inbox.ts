import { parseRoomId, type EventId, type Pdu, type RoomId, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Rows } from '../../storage/database.ts'
import { inboxOf, insertInbox, lastInboxSeq, removeInbox, roomsWithInbox } from '../../storage/tables/inbox.ts'
import { pduFromRow } from './pdu-from-row.ts'
import { receiveEvent } from './receive-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomPeers } from './room-peers.ts'

/** A received event, through checks 1 to 3, that waits for checks 4 to 6. */
export interface Waiting {
  readonly seq: number
  readonly origin: ServerName
  readonly pdu: Pdu
}

interface RoomQueue {
  readonly roomId: RoomId
  readonly waiting: Waiting[]
  working: boolean
  /** A join is under way: events wait until the room has its state. */
  held: boolean
}

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly log: Logger
}

/**
 * Events from other servers between their acknowledgement and their place in a room. They are durable (the inbox table)
 * and worked off by one worker a room; what a crash leaves behind is worked off at the next start.
 */
export class Inbox {
  readonly #ports: Ports
  readonly #rooms = new Map<RoomId, RoomQueue>()
  #seq = 0
  #idle: (() => void)[] = []

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Take up what earlier owners of these shards left. */
  async start(shards: ReadonlySet<number>): Promise<void> {
    const { db } = this.#ports.engine.ports
    this.#seq = Math.max(this.#seq, await lastInboxSeq(db))
    for (const { room_id, room } of await roomsWithInbox(db)) {
      const roomId = parseRoomId(room_id)
      const view = roomId === undefined || this.#rooms.has(roomId) ? undefined : await this.#ports.engine.view(roomId)
      if (view === undefined || !shards.has(view.shard)) continue
      for (const row of await inboxOf(db, room, limits.inboxRoomMax)) {
        const waiting = pduFromRow(row, view.rules)
        if (waiting !== undefined) this.enqueue(view.roomId, [waiting])
      }
    }
  }

  /** Is there room for `count` more events of this room? */
  accepts(roomId: RoomId, count: number): boolean {
    return (this.#rooms.get(roomId)?.waiting.length ?? 0) + count <= limits.inboxRoomMax
  }

  /** Number an event and give the row that makes it durable; `enqueue` it after the commit. */
  admit(room: number, pdu: Pdu, origin: ServerName): { readonly waiting: Waiting; readonly row: Rows } {
    this.#seq += 1
    const now = this.#ports.engine.ports.clock.now()
    const row = [room, this.#seq, pdu.eventId, origin, encoder.encode(pdu.json), now] as const
    return { waiting: { seq: this.#seq, origin, pdu }, row: { write: insertInbox, rows: [row] } }
  }

  /** Hand durable events to their room's worker. */
  enqueue(roomId: RoomId, events: readonly Waiting[]): void {
    const queue = this.#queue(roomId)
    queue.waiting.push(...events)
    this.#wake(queue)
  }

  /** Let a room's events wait while its state is being fetched (a join). */
  hold(roomId: RoomId): () => void {
    const queue = this.#queue(roomId)
    queue.held = true
    return () => {
      queue.held = false
      this.#wake(queue)
    }
  }

  /** Resolves when no room has work. */
  async idle(): Promise<void> {
    if ([...this.#rooms.values()].every((queue) => !queue.working)) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #queue(roomId: RoomId): RoomQueue {
    let queue = this.#rooms.get(roomId)
    if (queue === undefined) this.#rooms.set(roomId, (queue = { roomId, waiting: [], working: false, held: false }))
    return queue
  }

  #wake(queue: RoomQueue): void {
    if (queue.working || queue.held || queue.waiting.length === 0) return
    queue.working = true
    void this.#work(queue)
  }

  async #work(queue: RoomQueue): Promise<void> {
    while (queue.waiting.length > 0 && !queue.held) {
      const batch = queue.waiting.splice(0)
      const underWay = new Map<EventId, Promise<void>>()
      for (const waiting of inPrevOrder(batch)) underWay.set(waiting.pdu.eventId, this.#one(queue, waiting, underWay))
      await Promise.all(underWay.values())
    }
    queue.working = false
    if (queue.waiting.length === 0 && !queue.held) this.#rooms.delete(queue.roomId)
    if (this.#rooms.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** One event: its failure is its own, never its neighbours'. */
  async #one(queue: RoomQueue, waiting: Waiting, underWay: ReadonlyMap<EventId, Promise<void>>): Promise<void> {
    const done: Rows = { write: removeInbox, rows: [] }
    try {
      await receiveEvent({ ...this.#ports, underWay }, queue.roomId, waiting, (room) => [{ ...done, rows: [[room, waiting.seq]] }])
    } catch (error) {
      // It stays in the table and is tried again at the next start.
      this.#ports.log.error(
        { err: error, event: waiting.pdu.eventId, origin: waiting.origin },
        'an event from another server could not be worked off',
      )
    }
  }
}

/** Events of a batch after those of the batch that they follow. */
function inPrevOrder(batch: readonly Waiting[]): Waiting[] {
  if (batch.length < 2) return [...batch]
  const byId = new Map(batch.map((waiting) => [waiting.pdu.eventId, waiting]))
  const ordered: Waiting[] = []
  const done = new Set<EventId>()
  for (const root of batch) {
    const stack = [{ waiting: root, next: 0 }]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const id = top.waiting.pdu.prevEvents[top.next]
      top.next += 1
      if (id === undefined) {
        stack.pop()
        if (!done.has(top.waiting.pdu.eventId)) ordered.push(top.waiting)
        done.add(top.waiting.pdu.eventId)
        continue
      }
      const prev = byId.get(id)
      if (prev !== undefined && !done.has(id) && stack.length <= batch.length) stack.push({ waiting: prev, next: 0 })
    }
  }
  return ordered
}

const encoder = new TextEncoder()
