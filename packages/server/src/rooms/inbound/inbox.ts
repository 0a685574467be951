import { parseRoomId, type EventId, type Pdu, type RoomId, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Rows } from '../../storage/database.ts'
import { inboxOf, insertInbox, lastInboxSeq, removeInbox, roomsWithInbox } from '../../storage/tables/inbox.ts'
import { pduFromRow } from './pdu-from-row.ts'
import { GapTurns } from './gap-turns.ts'
import { parentsFirst } from './in-order.ts'
import { mergeTips } from './merge-tips.ts'
import { receiveEvent, type ReceivePorts } from './receive-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomPeers } from './room-peers.ts'

/** A received event, through checks 1 to 3, that waits for checks 4 to 6. */
export interface Waiting {
  /** Its row in the inbox; absent for an undecided event, which has its place in the room's tables already. */
  readonly seq: number | undefined
  readonly origin: ServerName
  readonly pdu: Pdu
}

interface RoomQueue {
  readonly roomId: RoomId
  readonly waiting: Waiting[]
  /** Events that are being worked on: some of them wait for the network. `order` counts up. */
  readonly underWay: Map<EventId, { readonly order: number; readonly done: Promise<void> }>
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
  readonly #turns: GapTurns
  #seq = 0
  #order = 0
  #onUndecided: (roomId: RoomId) => void = () => undefined
  #keepUnverified: ReceivePorts['keepUnverified'] = () => Promise.resolve()
  #idle: (() => void)[] = []

  constructor(ports: Ports) {
    this.#ports = ports
    this.#turns = new GapTurns(ports.engine.ports.clock)
  }

  /** Call `listener` with each room in which an event stayed undecided. */
  onUndecided(listener: (roomId: RoomId) => void): void {
    this.#onUndecided = listener
  }

  /** Call `keep` with events of a gap that cannot be verified for now; what follows them waits until they are kept. */
  onUnverified(keep: ReceivePorts['keepUnverified']): void {
    this.#keepUnverified = keep
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
    const queue = this.#rooms.get(roomId)
    return (queue?.waiting.length ?? 0) + (queue?.underWay.size ?? 0) + count <= limits.inboxRoomMax
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
    if ([...this.#rooms.values()].every((queue) => queue.underWay.size === 0)) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #queue(roomId: RoomId): RoomQueue {
    let queue = this.#rooms.get(roomId)
    if (queue === undefined) this.#rooms.set(roomId, (queue = { roomId, waiting: [], underWay: new Map(), held: false }))
    return queue
  }

  /** Begin with all that waits: what needs the network gives way to the rest. */
  #wake(queue: RoomQueue): void {
    if (queue.held) return
    const batch = queue.waiting.splice(0)
    const offers = new Map<EventId, [Waiting, ...Waiting[]]>()
    for (const waiting of batch) {
      const same = offers.get(waiting.pdu.eventId)
      if (same === undefined) offers.set(waiting.pdu.eventId, [waiting])
      else same.push(waiting)
    }
    const ordered = parentsFirst(
      [...offers.values()],
      ([first]) => first.pdu.eventId,
      ([first]) => first.pdu.prevEvents,
    )
    for (const same of ordered) for (const waiting of same) this.#begin(queue, waiting)
    this.#rest(queue)
  }

  #begin(queue: RoomQueue, waiting: Waiting): void {
    const id = waiting.pdu.eventId
    const order = (this.#order += 1)
    // The same event from another server waits for what becomes of the first.
    const earlier = queue.underWay.get(id)?.done
    const done = (earlier === undefined ? this.#one(queue, waiting, order) : earlier.then(() => this.#one(queue, waiting, order))).then(
      () => {
        if (queue.underWay.get(id)?.order === order) queue.underWay.delete(id)
        this.#rest(queue)
      },
    )
    queue.underWay.set(id, { order, done })
  }

  #rest(queue: RoomQueue): void {
    if (queue.underWay.size > 0) return
    void this.#tidy(queue.roomId)
    if (queue.waiting.length === 0 && !queue.held && this.#rooms.get(queue.roomId) === queue) this.#rooms.delete(queue.roomId)
    if ([...this.#rooms.values()].every((other) => other.underWay.size === 0)) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Once a room has had its events, few forward extremities are left. */
  async #tidy(roomId: RoomId): Promise<void> {
    const { engine, log } = this.#ports
    if (((await engine.view(roomId))?.tips.length ?? 0) <= limits.tipsMax) return
    try {
      while (await engine.run(roomId, (view) => mergeTips(engine, view, limits.tipsMax)));
    } catch (error) {
      log.error({ err: error, room: roomId }, 'forward extremities could not be taken up')
    }
  }

  /** One event: its failure is its own, never its neighbours'. */
  async #one(queue: RoomQueue, waiting: Waiting, order: number): Promise<void> {
    const { seq } = waiting
    // Only events that came before it: so no two wait for each other.
    const underWay = (ids: readonly EventId[]): Promise<void>[] =>
      ids.flatMap((id) => {
        const other = queue.underWay.get(id)
        return other === undefined || other.order >= order ? [] : [other.done]
      })
    try {
      const done = (room: number): Rows[] => (seq === undefined ? [] : [{ write: removeInbox, rows: [[room, seq]] }])
      const ports: ReceivePorts = { ...this.#ports, turns: this.#turns, keepUnverified: this.#keepUnverified, underWay }
      const receipt = await receiveEvent(ports, queue.roomId, waiting, done)
      if (receipt === 'undecided') this.#onUndecided(queue.roomId)
    } catch (error) {
      // It stays in the table and is tried again at the next start.
      this.#ports.log.error(
        { err: error, event: waiting.pdu.eventId, origin: waiting.origin },
        'an event from another server could not be worked off',
      )
    }
  }
}

const encoder = new TextEncoder()
