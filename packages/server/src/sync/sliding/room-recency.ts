import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock.ts'
import { isRoomAnnouncement } from '../../rooms/engine/room-announcement.ts'
import type { RoomEngine } from '../../rooms/engine/room-engine.ts'
import { loadEvents } from '../../rooms/engine/load-room.ts'
import type { Written } from '../../rooms/history/positions.ts'
import type { Announcement, Database } from '../../storage/database.ts'
import { newestBumps } from '../../storage/tables/sliding.ts'
import type { RoomMembership } from '../user-rooms.ts'
import { bumpScanMax, recencyRoomsMax } from './limits.ts'

/** Events that move their room up in lists. */
const bumpTypes = ['m.room.create', 'm.room.message', 'm.room.encrypted', 'm.sticker', 'm.call.invite', 'm.poll.start'] as const
const bumps: ReadonlySet<string> = new Set(bumpTypes)

/** When a room was last moved up. */
interface Bump extends Written {
  /** Milliseconds since 1970, as the event claims. */
  readonly ts: number
}

/** A bump of a room, or that it has none of its own. */
type Known = Bump | 'none'

/**
 * How recent rooms are (MSC4186, `bump_stamp`), kept current by what is committed. With one writer it is the stream position
 * of the newest event that counts; positions of several writers cannot be compared, and the time takes their place.
 */
export class RoomRecency {
  readonly #ports: { readonly db: Database; readonly engine: RoomEngine; readonly clock: Clock }
  readonly #bumps = new LRUCache<number, Known>({ max: recencyRoomsMax })
  /** Times of membership changes, by room, event and user. */
  readonly #times = new LRUCache<string, number>({ max: recencyRoomsMax })

  constructor(ports: { readonly db: Database; readonly engine: RoomEngine; readonly clock: Clock }) {
    this.#ports = ports
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (!isRoomAnnouncement(announcement)) continue
      const newest = announcement.events.findLast((event) => bumps.has(event.pdu.type))
      if (newest === undefined) continue
      const { slot, position } = newest
      this.#bumps.set(announcement.room, { slot, position, ts: newest.pdu.originServerTs })
    }
  }

  /** The stamp of each room: the larger, the more recent. Of a room that the user is not in it is their membership's. */
  async stamps(memberships: readonly RoomMembership[]): Promise<ReadonlyMap<number, number>> {
    const byTime = this.#ports.db.positions().size > 1
    const stamps = new Map<number, number>()
    const absent: RoomMembership[] = []
    const add = async (membership: RoomMembership, bump: Known): Promise<void> => {
      stamps.set(membership.room, await this.#stampByTime(membership, bump))
    }
    for (const membership of memberships) {
      // `peek`: what is asked for often need not stay longest, and it is found cheaper so.
      const bump = membership.membership === 'join' ? this.#bumps.peek(membership.room) : 'none'
      if (bump === undefined) absent.push(membership)
      else if (byTime) await add(membership, bump)
      else stamps.set(membership.room, stampByPosition(membership, bump))
    }
    if (absent.length === 0) return stamps
    const found = await this.#load(absent.map(({ room }) => room))
    for (const membership of absent) {
      const bump = found.get(membership.room) ?? 'none'
      if (byTime) await add(membership, bump)
      else stamps.set(membership.room, stampByPosition(membership, bump))
    }
    return stamps
  }

  /** A peer may claim a time to come. */
  async #stampByTime(membership: RoomMembership, bump: Known): Promise<number> {
    const time = bump === 'none' ? await this.#timeOf(membership) : bump.ts
    return Math.max(0, Math.min(time, this.#ports.clock.now()))
  }

  async #load(rooms: readonly number[]): Promise<ReadonlyMap<number, Known>> {
    const rows = await newestBumps(this.#ports.db, rooms, bumpTypes, bumpScanMax)
    const byRoom = new Map(rows.map(({ room, slot, position, ts }) => [room, { slot, position, ts }]))
    return new Map(
      rooms.map((room) => {
        const bump = this.#bumps.peek(room) ?? byRoom.get(room) ?? 'none'
        this.#bumps.set(room, bump)
        return [room, bump]
      }),
    )
  }

  async #timeOf(membership: RoomMembership): Promise<number> {
    const key = `${membership.room} ${membership.event} ${membership.position} ${membership.slot}`
    const known = this.#times.get(key)
    if (known !== undefined) return known
    const view = membership.event === 0 ? undefined : await this.#ports.engine.view(membership.roomId)
    const [event] = view === undefined ? [] : await loadEvents(this.#ports.db, view, [membership.event])
    const time = event?.pdu.originServerTs ?? this.#ports.clock.now()
    this.#times.set(key, time)
    return time
  }
}

function stampByPosition(membership: RoomMembership, bump: Known): number {
  return bump === 'none' ? membership.position : bump.position
}
