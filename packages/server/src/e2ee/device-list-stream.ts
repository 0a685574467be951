import type { UserId } from '@causeway/events'
import type { Database } from '../storage/database.ts'
import {
  completedRooms,
  joinedMembers,
  listChanges,
  membershipChanges,
  sharingWith,
  type SharedMembershipRow,
} from '../storage/tables/device-lists.ts'
import { joinsLookedUpMax, namedMembersMax, newsPageSize } from './limits.ts'

/** How far something got: a position for each writer slot. */
type Positions = ReadonlyMap<number, number>

/** Whose devices a client must ask for again, and whose it may forget. */
export interface DeviceListNews {
  readonly changed: readonly string[]
  readonly left: readonly string[]
}

interface Ports {
  readonly db: Database
  /** Was the user joined to the room at that time, and ever since? */
  readonly stayedJoined: (roomId: string, userId: string, at: Positions) => Promise<boolean>
}

/**
 * What happened to the device lists that a user sees, between two positions (Client-Server API, "Tracking the device list for
 * a user"): changes are rows of their stream; who came and went follows from memberships.
 */
export class DeviceListStream {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * `sees`: of rooms that we have joined fast, a reader who loads members lazily sees the rooms at once and asks for the
   * devices of members when they come to know them ('lazy'); to others the rooms, with all members, are there from their
   * completion on ('whole'). Whoever asks for both hears of both.
   */
  async between(reader: UserId, since: Positions, now: Positions, sees: 'lazy' | 'whole' | 'both' = 'both'): Promise<DeviceListNews> {
    const changed = new Set<string>()
    const gone = new Set<string>()
    for (const [slot, upTo] of now) {
      const after = since.get(slot) ?? 0
      if (upTo <= after) continue
      await this.#addChanges(reader, slot, after, upTo, changed)
      await this.#addMemberships(reader, slot, after, upTo, since, sees, { changed, gone })
      if (sees !== 'lazy') await this.#addCompleted(reader, slot, after, upTo, changed)
    }
    const left = [...gone].filter((userId) => userId !== reader)
    if (left.length === 0) return { changed: [...changed], left }
    const still = new Set((await sharingWith(this.#ports.db, reader, left)).map((row) => row.user_id))
    return {
      changed: [...changed].filter((userId) => !gone.has(userId) || still.has(userId)),
      left: left.filter((userId) => !still.has(userId)),
    }
  }

  /** Those whose devices changed, if they share a room with the reader. */
  async #addChanges(reader: UserId, slot: number, from: number, upTo: number, changed: Set<string>): Promise<void> {
    const { db } = this.#ports
    for (let after = { position: from, userId: '\u{10ffff}' }; ;) {
      const rows = await listChanges(db, slot, after, upTo, newsPageSize)
      const others = new Set<string>()
      for (const row of rows) {
        if (row.seen_by === reader || (row.seen_by === '' && row.user_id === reader)) changed.add(row.user_id)
        else if (row.seen_by === '') others.add(row.user_id)
      }
      if (others.size > 0) for (const row of await sharingWith(db, reader, [...others])) changed.add(row.user_id)
      const last = rows.at(-1)
      if (last === undefined || rows.length < newsPageSize) return
      after = { position: last.position, userId: last.user_id }
    }
  }

  /** Those who came to share a room with the reader, and those who left one. */
  async #addMemberships(
    reader: UserId,
    slot: number,
    from: number,
    upTo: number,
    since: Positions,
    sees: 'lazy' | 'whole' | 'both',
    found: { readonly changed: Set<string>; readonly gone: Set<string> },
  ): Promise<void> {
    const { db } = this.#ports
    let lookups = 0
    for (let after = { position: from, room: Number.MAX_SAFE_INTEGER, userId: '' }; ;) {
      const rows = await membershipChanges(db, reader, slot, after, upTo, newsPageSize)
      for (const row of rows) {
        if (sees === 'whole' && row.state_partial === 1) continue
        if (row.user_id !== reader && row.membership === 'join' && found.changed.has(row.user_id)) continue
        // A member event may only change a name. Who was gone in between may have changed devices that nobody told us of.
        if (row.membership === 'join' && lookups < joinsLookedUpMax) {
          lookups += 1
          if (await this.#ports.stayedJoined(row.room_id, row.user_id, since)) continue
        }
        await this.#addMembership(reader, row, found)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < newsPageSize) return
      after = { position: last.position, room: last.room, userId: last.user_id }
    }
  }

  /** All members of rooms whose members became known. */
  async #addCompleted(reader: UserId, slot: number, after: number, upTo: number, changed: Set<string>): Promise<void> {
    const { db } = this.#ports
    for (const { room } of await completedRooms(db, reader, slot, after, upTo)) {
      for (const member of await joinedMembers(db, room, namedMembersMax)) changed.add(member.user_id)
    }
  }

  async #addMembership(
    reader: UserId,
    row: SharedMembershipRow,
    { changed, gone }: { readonly changed: Set<string>; readonly gone: Set<string> },
  ): Promise<void> {
    const names = row.membership === 'join' ? changed : row.membership === 'leave' || row.membership === 'ban' ? gone : undefined
    if (names === undefined) return
    if (row.user_id !== reader) {
      names.add(row.user_id)
      return
    }
    // Who joins is named as well: the reader's other devices are news to the room, and look for themselves.
    for (const member of await joinedMembers(this.#ports.db, row.room, namedMembersMax)) names.add(member.user_id)
  }
}
