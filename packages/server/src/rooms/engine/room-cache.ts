import type { RoomId } from '@causeway/events'
import type { RoomView } from './room-view.ts'

/** A room's place in memory: its view and whoever waits for it. */
export class Slot {
  view: RoomView | undefined = undefined
  /** The last job in the queue. */
  tail: Promise<void> = Promise.resolve()
  waiting = 0
  /** How often the view was dropped: what is being read during it is not current. */
  drops = 0
  /** Commits that have not settled. */
  readonly commits = new Set<Promise<unknown>>()

  /** Resolves when no commit of this view is open. */
  async settled(): Promise<void> {
    while (this.commits.size > 0) await Promise.allSettled(this.commits)
  }

  get busy(): boolean {
    return this.waiting > 0 || this.commits.size > 0
  }
}

/** Views by room, least recently used first out, weighed in bytes. A view with open commits or jobs stays. */
export class RoomCache {
  readonly #bytesMax: number
  readonly #slots = new Map<RoomId, Slot>()
  #sinceWeighing = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  peek(roomId: RoomId): Slot | undefined {
    return this.#slots.get(roomId)
  }

  /** Run `job` after all earlier jobs of the room. */
  async exclusive<T>(roomId: RoomId, job: (slot: Slot) => Promise<T>): Promise<T> {
    const slot = this.#touch(roomId)
    slot.waiting += 1
    const run = slot.waiting === 1 ? job(slot) : slot.tail.then(() => job(slot))
    slot.tail = run.then(nothing, nothing)
    try {
      return await run
    } finally {
      slot.waiting -= 1
      this.#weighNowAndThen()
    }
  }

  hold(roomId: RoomId, committed: Promise<unknown>): void {
    const slot = this.#slots.get(roomId)
    if (slot === undefined) return
    slot.commits.add(committed)
    const done = (): void => void slot.commits.delete(committed)
    committed.then(done, done)
  }

  drop(roomId: RoomId): void {
    const slot = this.#slots.get(roomId)
    if (slot === undefined) return
    slot.drops += 1
    if (slot.view !== undefined) slot.view.chain.broken = true
  }

  /** Forget views, once their jobs and commits have settled. */
  async release(which: (view: RoomView) => boolean): Promise<void> {
    const going = [...this.#slots].filter(([, slot]) => slot.view !== undefined && which(slot.view))
    for (const [roomId, slot] of going) {
      await slot.tail
      await slot.settled()
      if (slot.view !== undefined) slot.view.chain.broken = true
      if (!slot.busy) this.#slots.delete(roomId)
    }
  }

  #touch(roomId: RoomId): Slot {
    const slot = this.#slots.get(roomId) ?? new Slot()
    // Re-inserting moves it to the end of the map's order: most recently used.
    this.#slots.delete(roomId)
    this.#slots.set(roomId, slot)
    return slot
  }

  #weighNowAndThen(): void {
    this.#sinceWeighing += 1
    if (this.#sinceWeighing < 256) return
    this.#sinceWeighing = 0
    let bytes = 0
    for (const slot of this.#slots.values()) bytes += slot.view?.weight ?? 500
    for (const [roomId, slot] of this.#slots) {
      if (bytes <= this.#bytesMax) return
      if (slot.busy) continue
      bytes -= slot.view?.weight ?? 500
      this.#slots.delete(roomId)
    }
  }
}

function nothing(): void {}
