import type { DestinationQueue } from './destination-queue.ts'
import type { Journal } from './journal.ts'
import { missedKey, type MissedRoom } from './missed-room.ts'

interface Ports {
  readonly journal: Journal
  /** The slot of this process. */
  readonly slot: () => number
}

/**
 * Which servers have missed what of which rooms. An entry is made once, when a server begins to miss a room, and not touched
 * by the events that follow, so that a thousand dead servers in a busy room cost nothing.
 */
export class MissedRooms {
  readonly #ports: Ports
  /** Who has an open entry, by room. */
  readonly #openIn = new Map<number, Set<DestinationQueue>>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** From `pos` on the server has missed what `writer` passes on in the room. */
  miss(queue: DestinationQueue, room: number, pos: number, writer: number): void {
    const slot = this.#ports.slot()
    if (writer === slot ? this.isOpen(queue, room, pos) : isForeignOpen(queue, room, writer)) return
    const missed: MissedRoom = {
      server: queue.server,
      slot,
      room,
      firstPos: pos,
      writer,
      fromPos: pos,
      uptoPos: undefined,
      touched: true,
      whole: false,
    }
    if (queue.missed.has(missedKey(missed))) return
    this.add(queue, missed)
    this.#ports.journal.noteMissed(missed)
  }

  /** Does an event of ours at `pos` belong to what the server has missed of the room already? */
  isOpen(queue: DestinationQueue, room: number, pos: number): boolean {
    const open = queue.open.get(room)
    if (open === undefined) return false
    if (open.writer !== this.#ports.slot()) {
      // This process has another slot now: what it writes is found under that.
      this.#close(queue, open, pos)
      return false
    }
    open.touched = true
    return true
  }

  /** Add an entry that is in storage. */
  add(queue: DestinationQueue, missed: MissedRoom): void {
    queue.missed.set(missedKey(missed), missed)
    if (missed.uptoPos !== undefined || missed.writer !== this.#ports.slot()) return
    queue.open.set(missed.room, missed)
    const open = this.#openIn.get(missed.room) ?? new Set()
    this.#openIn.set(missed.room, open.add(queue))
  }

  /** The server has got all of it. */
  remove(queue: DestinationQueue, missed: MissedRoom): void {
    queue.missed.delete(missedKey(missed))
    if (queue.open.get(missed.room) === missed) this.#forget(queue, missed.room)
  }

  /** The event at `pos` goes to these servers: others that have missed events of the room are no longer in it. */
  closeFor(room: number, pos: number, servers: readonly string[]): void {
    const open = this.#openIn.get(room)
    if (open === undefined) return
    const addressed = new Set(servers)
    for (const queue of open) {
      const missed = queue.open.get(room)
      if (missed !== undefined && !addressed.has(queue.server)) this.#close(queue, missed, pos)
    }
  }

  /** What waits in memory counts as missed, and will be read from the log. */
  spill(queue: DestinationQueue): void {
    for (const { room, pos } of queue.pdus.splice(0)) this.miss(queue, room, pos, this.#ports.slot())
  }

  #close(queue: DestinationQueue, missed: MissedRoom, pos: number): void {
    missed.uptoPos = pos - 1
    this.#forget(queue, missed.room)
    this.#ports.journal.noteMissed(missed)
  }

  #forget(queue: DestinationQueue, room: number): void {
    queue.open.delete(room)
    const open = this.#openIn.get(room)
    open?.delete(queue)
    if (open?.size === 0) this.#openIn.delete(room)
  }
}

function isForeignOpen(queue: DestinationQueue, room: number, writer: number): boolean {
  for (const missed of queue.missed.values()) {
    if (missed.room === room && missed.writer === writer && missed.uptoPos === undefined) return true
  }
  return false
}
