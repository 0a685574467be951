import type { Database } from '../storage/database.ts'
import { largestRoomNumber } from '../storage/tables/rooms.ts'

/** Gives rooms their numbers: `32 · k + slot`, so that no two writers give the same one. */
export class RoomNumbers {
  readonly #db: Database
  #last: number | undefined
  #slot: number | undefined

  constructor(db: Database) {
    this.#db = db
  }

  async next(): Promise<number> {
    // A process that lost its slot has taken another.
    if (this.#slot !== this.#db.slot) this.#last = undefined
    this.#slot = this.#db.slot
    const last = this.#last ?? (await largestRoomNumber(this.#db, this.#db.slot))
    // Another caller may have got here while the database was read.
    this.#last = Math.max(this.#last ?? 0, last) + 32
    return this.#last
  }
}
