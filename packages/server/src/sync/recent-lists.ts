import type { RoomId, UserId } from '@causeway/events'
import { isDeviceListAnnouncement } from '../e2ee/announcements.ts'
import { roomsInMemoryMax } from '../e2ee/limits.ts'
import { isRoomAnnouncement } from '../rooms/engine/room-announcement.ts'
import { covers, type Positions } from '../rooms/history/positions.ts'
import type { Announcement, Database } from '../storage/database.ts'
import { recentUsersMax } from './limits.ts'
import { LastChanges } from './recent-log.ts'
import type { UserRooms } from './user-rooms.ts'

/** Remembers where device lists, or who shares rooms, changed lately: most answers need not ask storage. */
export class RecentLists {
  readonly #rooms = new LastChanges<RoomId>(roomsInMemoryMax)
  readonly #users = new LastChanges<UserId>(recentUsersMax)
  /** From here on all changes are remembered. */
  readonly #floor: Map<number, number>
  readonly #newest = new Map<number, number>()

  constructor(db: Database) {
    this.#floor = new Map(db.positions())
    db.onCommitted((announcements) => this.#note(announcements))
  }

  mayHaveChanged(user: UserRooms, since: Positions): boolean {
    if (!covers(since, this.#floor)) return true
    if (covers(since, this.#newest)) return false
    if (this.#users.changedSince(user.userId, since)) return true
    for (const { roomId, membership } of user.rooms.values()) {
      if (membership === 'join' && this.#rooms.changedSince(roomId, since)) return true
    }
    return false
  }

  #note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isDeviceListAnnouncement(announcement)) this.#remember(announcement, announcement.roomId, announcement.userId)
      if (!isRoomAnnouncement(announcement)) continue
      const hasMembers =
        announcement.completed === true ||
        announcement.memberships.length > 0 ||
        announcement.events.some(({ pdu }) => pdu.type === 'm.room.member')
      if (hasMembers) this.#remember(announcement, announcement.roomId, undefined)
      for (const { userId } of announcement.memberships) this.#remember(announcement, undefined, userId)
    }
  }

  #remember(written: { readonly slot: number; readonly position: number }, roomId: RoomId | undefined, userId: UserId | undefined): void {
    const { slot, position } = written
    if (position > (this.#newest.get(slot) ?? 0)) this.#newest.set(slot, position)
    const forgotten = [
      roomId === undefined ? undefined : this.#rooms.note(roomId, written),
      userId === undefined ? undefined : this.#users.note(userId, written),
    ]
    for (const at of forgotten) if (at !== undefined && at > (this.#floor.get(slot) ?? 0)) this.#floor.set(slot, at)
  }
}
