import type { RoomId, UserId } from '@causeway/events'
import type { Announcement, Database } from '../storage/database.ts'
import { isRoomAnnouncement } from '../rooms/engine/room-announcement.ts'
import { covers, type Positions, type Written } from '../rooms/history/positions.ts'
import { isTouch } from './announcements.ts'
import { recentCommitsScanMax, recentRoomsMax, recentUsersMax } from './limits.ts'

/** What one announcement touches. */
interface Touch extends Written {
  readonly roomId: RoomId | undefined
  readonly users: readonly UserId[]
  /** The room changed for these users alone. */
  readonly own: boolean
}

/** What a group commit touched, without repetition. */
export interface Touched {
  readonly rooms: ReadonlySet<RoomId>
  readonly users: ReadonlySet<UserId>
}

/** When each key last changed, per slot; the ones that changed longest ago are forgotten first. */
export class LastChanges<Key> {
  readonly #max: number
  readonly #bySlot = new Map<number, Map<Key, number>>()

  constructor(max: number) {
    this.#max = max
  }

  /** Gives the position up to which changes are no longer remembered, when that moved. */
  note(key: Key, { slot, position }: Written): number | undefined {
    let changes = this.#bySlot.get(slot)
    if (changes === undefined) this.#bySlot.set(slot, (changes = new Map()))
    changes.delete(key)
    changes.set(key, position)
    if (changes.size <= this.#max) return undefined
    for (const [oldest, at] of changes) {
      changes.delete(oldest)
      return at
    }
    return undefined
  }

  changedSince(key: Key, positions: Positions): boolean {
    for (const [slot, changes] of this.#bySlot) if ((changes.get(key) ?? 0) > (positions.get(slot) ?? 0)) return true
    return false
  }
}

/**
 * The newest commits of all processes as far as this one has seen them: which rooms and users they touched. It answers
 * "what changed since" for every reader that is not far behind, and forgets nothing that storage does not hold.
 */
export class RecentLog {
  readonly #db: Pick<Database, 'positions'>
  readonly #rooms = new LastChanges<RoomId>(recentRoomsMax)
  readonly #users = new LastChanges<UserId>(recentUsersMax)
  readonly #ownRooms = new LastChanges<string>(recentUsersMax)
  /** From here on all changes are remembered. */
  readonly #floor: Map<number, number>
  #commits: Touch[] = []

  constructor(db: Pick<Database, 'positions'>) {
    this.#db = db
    this.#floor = new Map(db.positions())
  }

  /** Take in what was committed. Call it for every group, before anybody reads. */
  note(announcements: readonly Announcement[]): Touched {
    const rooms = new Set<RoomId>()
    const users = new Set<UserId>()
    // Another process's commits come by kind and room: the log, and each key's last change, are in the order of positions.
    const touches = announcements.flatMap((announcement) => touchOf(announcement) ?? []).sort(byPosition)
    for (const touch of touches) {
      if (touch.roomId !== undefined && !touch.own) rooms.add(touch.roomId)
      for (const user of touch.users) users.add(user)
      if (touch.position > 0) this.#remember(touch)
    }
    return { rooms, users }
  }

  /** Are all changes since `positions` remembered? */
  covers(positions: Positions): boolean {
    return covers(positions, this.#floor)
  }

  /**
   * The rooms that changed for a user since `positions`, if few commits came after them and the log covers them; rooms of
   * others are among them. Otherwise ask about each room (`roomChanged`).
   */
  roomsSince(positions: Positions, userId: UserId): ReadonlySet<RoomId> | undefined {
    const rooms = new Set<RoomId>()
    const open = new Set(this.#db.positions().keys())
    for (const [slot, position] of this.#db.positions()) if (position <= (positions.get(slot) ?? 0)) open.delete(slot)
    for (let index = this.#commits.length - 1, scanned = 0; open.size > 0; index -= 1, scanned += 1) {
      const commit = this.#commits[index]
      if (scanned >= recentCommitsScanMax) return undefined
      if (commit === undefined) return rooms
      if (commit.position <= (positions.get(commit.slot) ?? 0)) open.delete(commit.slot)
      else if (commit.roomId !== undefined && (!commit.own || commit.users.includes(userId))) rooms.add(commit.roomId)
    }
    return rooms
  }

  /** Did a room change for a user since `positions`, which the log covers? */
  roomChanged(roomId: RoomId, userId: UserId, positions: Positions): boolean {
    return this.#rooms.changedSince(roomId, positions) || this.#ownRooms.changedSince(`${userId} ${roomId}`, positions)
  }

  /** Did anything of a user's own change since `positions`, which the log covers? */
  userChanged(userId: UserId, positions: Positions): boolean {
    return this.#users.changedSince(userId, positions)
  }

  #remember(touch: Touch): void {
    if (touch.roomId !== undefined && !touch.own) this.#raiseFloor(touch.slot, this.#rooms.note(touch.roomId, touch))
    for (const user of touch.users) {
      this.#raiseFloor(touch.slot, this.#users.note(user, touch))
      if (touch.roomId !== undefined && touch.own) this.#raiseFloor(touch.slot, this.#ownRooms.note(`${user} ${touch.roomId}`, touch))
    }
    this.#commits.push(touch)
    if (this.#commits.length > recentCommitsScanMax * 2) this.#commits = this.#commits.slice(-recentCommitsScanMax)
  }

  #raiseFloor(slot: number, position: number | undefined): void {
    if (position !== undefined && position > (this.#floor.get(slot) ?? 0)) this.#floor.set(slot, position)
  }
}

function byPosition(one: Touch, other: Touch): number {
  return one.slot - other.slot || one.position - other.position
}

function touchOf(announcement: Announcement): Touch | undefined {
  if (isRoomAnnouncement(announcement)) {
    const { slot, position, events, memberships, completed } = announcement
    const users = memberships.map(({ userId }) => userId)
    return { slot, position, roomId: events.length > 0 || completed === true ? announcement.roomId : undefined, users, own: false }
  }
  if (!isTouch(announcement)) return undefined
  const { slot, position, roomId, userId, userIds = [] } = announcement
  const users = userId === undefined ? userIds : [userId, ...userIds]
  return { slot, position, roomId: roomId === '' ? undefined : roomId, users, own: announcement.own ?? users.length > 0 }
}
