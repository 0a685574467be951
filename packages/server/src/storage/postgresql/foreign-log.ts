import type { Announcement, CommitListener } from '../database.ts'
import type { EventRow } from '../tables/events.ts'
import { foreignEventsMax, foreignRowsMax } from './limits.ts'
import type { ReaderPool } from './reader-pool.ts'
import { streamTables, touchedStatement } from './stream-tables.ts'

/** A room by its number and its id. */
export interface TouchedRoom {
  readonly room: number
  readonly roomId: string
}

/**
 * Another process committed rows of its slot after `after` up to `position`. It says whom they concern, so that whoever
 * waits for these looks into the database.
 */
export interface ForeignAnnouncement extends Announcement {
  readonly kind: 'foreign'
  readonly slot: number
  readonly after: number
  readonly position: number
  readonly rooms: readonly TouchedRoom[]
  /** Our users whom a row concerns personally: a membership, account data. */
  readonly users: readonly string[]
  /** Too much happened to tell it apart: everybody must look. */
  readonly everybody: boolean
}

/** Is this announcement about another process's commits? */
export function isForeignAnnouncement(announcement: Announcement): announcement is ForeignAnnouncement {
  return announcement.kind === 'foreign'
}

/** An event of another process with its room. */
export interface ForeignEventRow extends EventRow {
  readonly room: number
  readonly room_id: string
  readonly version: string
}

/** Makes of another process's commits the announcements that a commit of this process would have made. */
export type AnnounceRows = (announcement: ForeignAnnouncement) => Promise<readonly Announcement[]>

const touched = touchedStatement(streamTables, foreignRowsMax)

/** Reads what other processes committed and tells the listeners of this one. */
export class ForeignLog {
  readonly #reader: ReaderPool
  readonly #listeners: readonly CommitListener[]
  #announceRows: AnnounceRows = () => Promise.resolve([])

  /** `listeners`: whoever is told; the list may grow. */
  constructor(reader: ReaderPool, listeners: readonly CommitListener[]) {
    this.#reader = reader
    this.#listeners = listeners
  }

  /** From now on `announceRows` adds its announcements to each `ForeignAnnouncement`. */
  setAnnounceRows(announceRows: AnnounceRows): void {
    this.#announceRows = announceRows
  }

  /** What a slot committed after `after` up to `position`, with the announcements that it amounts to. */
  async read(slot: number, after: number, position: number): Promise<readonly Announcement[]> {
    const rows = (await this.#reader.run(touched, [slot, after, position])) as {
      room: number | null
      room_id: string | null
      user_id: string | null
    }[]
    const rooms = new Map<number, TouchedRoom>()
    const users = new Set<string>()
    for (const { room, room_id: roomId, user_id: userId } of rows) {
      if (room !== null && roomId !== null) rooms.set(room, { room, roomId })
      if (userId !== null) users.add(userId)
    }
    const announcement: ForeignAnnouncement = {
      kind: 'foreign',
      slot,
      after,
      position,
      rooms: [...rooms.values()],
      users: [...users],
      everybody: rows.length > foreignRowsMax,
    }
    return [announcement, ...(await this.#announceRows(announcement))]
  }

  tell(announcements: readonly Announcement[]): void {
    if (announcements.length > 0) for (const listener of this.#listeners) listener(announcements)
  }

  /**
   * A slot's events after `after` up to `position`, in stream order, of each room in live order. At most
   * `foreignEventsMax`: whoever gets that many has not got all.
   */
  async events(slot: number, after: number, position: number): Promise<ForeignEventRow[]> {
    const rows = await this.#reader.run(eventsOfSlot, [slot, after, position])
    return rows as ForeignEventRow[]
  }
}

const eventsOfSlot = `SELECT e.room, r.room_id, r.version, e.event, event_id, standing, pos, depth, slot, position, ts, key, is_state, sender,
    state_before, state_after, edges, counts, origin, redacted_by, thread, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json
  FROM events e JOIN rooms r ON r.room = e.room
  WHERE e.slot = $1 AND e.position > $2 AND e.position <= $3 AND e.position > 0
  ORDER BY e.position, e.room, e.pos LIMIT ${foreignEventsMax}`
