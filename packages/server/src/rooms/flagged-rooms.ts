import type { RoomId } from '@causeway/events'
import type { Database } from '../storage/database.ts'
import { clearStateReset, roomsWithReset } from '../storage/tables/rooms.ts'

/** A room whose state a resolution once took back to the past; `what` as it was noted. */
export interface FlaggedRoom {
  readonly roomId: string
  readonly version: string
  readonly what: unknown
}

/** Rooms that may have been attacked, for the operator. They are flagged in their engine (`engine/state-resets.ts`). */
export class FlaggedRooms {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** A page, by the rooms' numbers: `next` begins the following one. */
  async list(after: number, limit: number): Promise<{ readonly rooms: readonly FlaggedRoom[]; readonly next: number | undefined }> {
    const rows = await roomsWithReset(this.#db, after, limit)
    return {
      rooms: rows.map((row) => ({ roomId: row.room_id, version: row.version, what: JSON.parse(row.state_reset) })),
      next: rows.length < limit ? undefined : rows.at(-1)?.room,
    }
  }

  /** Take the flag from a room. Gives whether it had one. */
  async unflag(roomId: RoomId): Promise<boolean> {
    return (await this.#db.commit({ steps: [{ query: clearStateReset(roomId), expect: 1 }] })).committed
  }
}
