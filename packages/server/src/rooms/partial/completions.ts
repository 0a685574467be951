import type { RoomId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { isRoomAnnouncement } from '../engine/room-announcement.ts'
import type { RoomEngine } from '../engine/room-engine.ts'

/** Whoever needs the whole state of a room waits here for it. Make it before everybody else who listens to commits. */
export class Completions {
  readonly #engine: RoomEngine
  readonly #waiting = new Map<RoomId, Set<() => void>>()

  constructor(engine: RoomEngine) {
    this.#engine = engine
    engine.ports.db.onCommitted((announcements) => {
      for (const announcement of announcements) {
        if (!isRoomAnnouncement(announcement) || announcement.completed !== true) continue
        // Whoever is woken by the same commit must not find the room as it was before it.
        engine.drop(announcement.roomId)
        for (const wake of this.#waiting.get(announcement.roomId) ?? []) wake()
      }
    })
  }

  /**
   * Resolves when the whole state of a room is here, at once where it is. Throws M_UNKNOWN (504) when that takes longer
   * than a request may.
   */
  async wait(roomId: RoomId): Promise<void> {
    if (await this.within(roomId, limits.completionWaitMsMax)) return
    throw new MatrixError('M_UNKNOWN', 'The members of this room are still being fetched: try again later', { status: 504 })
  }

  /** The same, within so many milliseconds; false if it took longer. */
  async within(roomId: RoomId, ms: number): Promise<boolean> {
    const { clock } = this.#engine.ports
    const deadline = clock.monotonic() + ms
    while ((await this.#engine.view(roomId))?.partial !== undefined) {
      const left = deadline - clock.monotonic()
      if (left <= 0) return false
      await this.#woken(roomId, left)
    }
    return true
  }

  #woken(roomId: RoomId, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(roomId) ?? new Set()
      this.#waiting.set(roomId, waiting)
      const done = (): void => {
        cancel()
        waiting.delete(done)
        if (waiting.size === 0 && this.#waiting.get(roomId) === waiting) this.#waiting.delete(roomId)
        resolve()
      }
      const cancel = this.#engine.ports.clock.schedule(ms, done)
      waiting.add(done)
    })
  }
}
