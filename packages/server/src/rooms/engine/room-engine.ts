import type { RoomId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { Approvals } from '../policy/approvals.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadRoom } from './load-room.ts'
import { RoomCache, type Slot } from './room-cache.ts'
import type { RoomView } from './room-view.ts'

/**
 * The rooms of this process: a view and a queue each. A job has its room to itself while it loads and decides; it lets go
 * as soon as its unit is with the commit lane, so that the next job builds on it while it is being written.
 */
export class RoomEngine {
  readonly ports: EnginePorts
  readonly approvals = new Approvals()
  readonly #cache: RoomCache

  /** `cacheBytes`: what views may weigh together. */
  constructor(ports: EnginePorts, cacheBytes: number) {
    this.ports = ports
    this.#cache = new RoomCache(cacheBytes)
  }

  /** Run `job` with the room to itself. Throws M_NOT_FOUND if this server has no such room. */
  async run<T>(roomId: RoomId, job: (view: RoomView) => Promise<T>): Promise<T> {
    return this.#cache.exclusive(roomId, async (slot) => {
      const view = await this.#load(roomId, slot)
      if (view === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown room')
      if (view.quarantined !== undefined) throw new MatrixError('M_FORBIDDEN', 'This room is read-only: the server found an error in it')
      try {
        return await job(view)
      } finally {
        if (view.ahead) view.chain.broken = true
      }
    })
  }

  /** A new room's first job: the view is kept only if the job succeeds. */
  async create(view: RoomView, job: () => Promise<void>): Promise<void> {
    await this.#cache.exclusive(view.roomId, async (slot) => {
      await job()
      slot.view = view
    })
  }

  /** The room as it stands in memory, for readers: no job is waited for. Absent if this server has no such room. */
  async view(roomId: RoomId): Promise<RoomView | undefined> {
    const slot = this.#cache.peek(roomId)
    if (slot?.view !== undefined && !slot.view.chain.broken) return slot.view
    return this.#cache.exclusive(roomId, (held) => this.#load(roomId, held))
  }

  /** Keep the view until `committed` has settled: what it holds is not in storage yet. */
  holdUntil(view: RoomView, committed: Promise<unknown>): void {
    this.#cache.hold(view.roomId, committed)
  }

  /** Resolves when all that the room has handed to the commit lane so far is durable; rejects if any of it is not. */
  async settled(roomId: RoomId): Promise<void> {
    await Promise.all(this.#cache.peek(roomId)?.commits ?? [])
  }

  /** Other processes own the rooms of these shards now: let their jobs' commits settle, then forget the views. */
  async release(shards: ReadonlySet<number>): Promise<void> {
    await this.#cache.release((view) => shards.has(view.shard))
  }

  /** Drop a view; the next job loads it anew. */
  drop(roomId: RoomId): void {
    this.#cache.drop(roomId)
  }

  async #load(roomId: RoomId, slot: Slot): Promise<RoomView | undefined> {
    if (slot.view?.chain.broken === true) {
      await slot.settled()
      slot.view = undefined
    }
    for (let tries = 1; slot.view === undefined; tries += 1) {
      const { drops } = slot
      const view = await loadRoom(this.ports.db, roomId, new TimeSlice(this.ports.clock))
      if (view === undefined) return undefined
      if (slot.drops !== drops) {
        // Another process wrote while we read. Of a room that it keeps writing in, a reader gets what there was, this once.
        if (tries < limits.roomLoadTriesMax) continue
        view.chain.broken = true
      }
      slot.view = view
    }
    return slot.view
  }
}
