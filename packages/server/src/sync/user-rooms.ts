import { parseRoomId, type RoomId, type UserId } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import { isRoomAnnouncement, type LocalMembershipChange, type RoomAnnouncement } from '../rooms/engine/room-announcement.ts'
import { includes, type Written } from '../rooms/history/positions.ts'
import type { Announcement, Database } from '../storage/database.ts'
import { membershipsOf, type Membership } from '../storage/tables/memberships.ts'
import { membershipsInMemoryMax } from './limits.ts'

/** One room of a user, by their membership in its current state. */
export interface RoomMembership extends Written {
  readonly room: number
  readonly roomId: RoomId
  readonly membership: Membership
  /** The number of the member event, 0 if this server has none. */
  readonly event: number
  /** The live position of the change, 0 for an invite from outside. */
  readonly pos: number
  readonly forgotten: boolean
  /** Who made the change: for an invite, the inviter. */
  readonly sender: string
  /** The JSON list of stripped state of an invite from outside. */
  readonly inviteState: string | undefined
}

/** A user's rooms, and whoever of theirs waits for news of them. */
export class UserRooms {
  readonly userId: UserId
  readonly rooms = new Map<RoomId, RoomMembership>()
  /** Wake these when one of the rooms, or the user, is touched. */
  readonly waiters = new Set<() => void>()
  /** Something changed that only storage tells. */
  stale = true
  loading: Promise<void> | undefined = undefined

  constructor(userId: UserId) {
    this.userId = userId
  }
}

/**
 * The rooms of the users who sync: read once, then kept current by what is committed. It also knows the other way round
 * who is in a room, so that a commit wakes only those whom it concerns. Hand it every group commit before anybody reads.
 */
export class AllUserRooms {
  readonly #db: Database
  readonly #byRoom = new Map<RoomId, Set<UserRooms>>()
  readonly #users = new LRUCache<UserId, UserRooms>({
    maxSize: membershipsInMemoryMax,
    sizeCalculation: (user) => 1 + user.rooms.size,
    dispose: (user, _userId, reason) => {
      if (reason !== 'set') this.#unlink(user)
    },
  })
  /** Users with waiters stay, whatever the cache drops. */
  readonly #pinned = new Map<UserId, UserRooms>()
  #arrivals: (() => void)[] = []

  constructor(db: Database) {
    this.#db = db
  }

  /** A user's rooms as of what is committed by now. */
  async of(userId: UserId): Promise<UserRooms> {
    let user = this.#pinned.get(userId) ?? this.#users.get(userId)
    if (user === undefined) {
      user = new UserRooms(userId)
      this.#users.set(userId, user)
    }
    // While they are read they are nobody's to see: a reader who took them for all would never hear of what they miss.
    while (user.stale || user.loading !== undefined) {
      user.loading ??= this.#load(user)
      await user.loading
    }
    return user
  }

  /** Wait for news of a user. Gives the function that ends the wait. */
  wait(user: UserRooms, wake: () => void): () => void {
    this.#pinned.set(user.userId, user)
    user.waiters.add(wake)
    if (!this.#users.has(user.userId)) this.#relink(user)
    return () => {
      user.waiters.delete(wake)
      if (user.waiters.size > 0) return
      this.#pinned.delete(user.userId)
      if (this.#users.peek(user.userId) !== user) this.#unlink(user)
    }
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (!isRoomAnnouncement(announcement)) continue
      for (const change of announcement.memberships) this.#apply(announcement, change)
    }
    for (const arrived of this.#arrivals.splice(0)) arrived()
  }

  /** The users who are in a room, or invited to it, and whose rooms are in memory. */
  usersIn(roomId: RoomId): Iterable<UserRooms> {
    return this.#byRoom.get(roomId) ?? []
  }

  /** A user whose rooms are in memory. */
  peek(userId: UserId): UserRooms | undefined {
    return this.#pinned.get(userId) ?? this.#users.peek(userId)
  }

  /** The event that made the change says all; without one (a fork that was resolved, an invite from outside) storage does. */
  #apply(announcement: RoomAnnouncement, { userId, membership }: LocalMembershipChange): void {
    const user = this.peek(userId)
    if (user === undefined) return
    const event = announcement.events.findLast(({ pdu }) => pdu.type === 'm.room.member' && pdu.stateKey === userId)
    if (event === undefined || user.stale || user.loading !== undefined || event.pdu.content['membership'] !== membership) {
      user.stale = true
      return
    }
    const { room, roomId, slot, position } = announcement
    const change = { event: event.event, pos: event.pos ?? 0, sender: event.pdu.sender, forgotten: false, inviteState: undefined }
    this.#set(user, { room, roomId, membership, slot, position, ...change })
    if (this.#users.has(userId)) this.#users.set(userId, user)
  }

  async #load(user: UserRooms): Promise<void> {
    try {
      user.stale = false
      const rows = await membershipsOf(this.#db, user.userId)
      // What is written but not announced yet is waited for: then the rows are what everybody may see.
      for (const row of rows) while (row.position > 0 && !includes(this.#db.positions(), row)) await this.#nextCommit()
      // Noted meanwhile: read again.
      if (user.stale) return
      for (const roomId of user.rooms.keys()) this.#unlinkRoom(user, roomId)
      user.rooms.clear()
      for (const row of rows) {
        const roomId = parseRoomId(row.room_id)
        if (roomId === undefined) continue
        const { room, membership, event, pos, slot, position, sender } = row
        this.#set(user, {
          room,
          roomId,
          membership,
          event,
          pos,
          slot,
          position,
          sender,
          forgotten: row.forgotten === 1,
          inviteState: row.invite_state ?? undefined,
        })
      }
      if (this.#users.peek(user.userId) === user) this.#users.set(user.userId, user)
    } catch (error) {
      user.stale = true
      throw error
    } finally {
      user.loading = undefined
    }
  }

  #nextCommit(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push(resolve))
  }

  #set(user: UserRooms, membership: RoomMembership): void {
    user.rooms.set(membership.roomId, membership)
    if (membership.membership === 'join' || membership.membership === 'invite') this.#link(user, membership.roomId)
    else this.#unlinkRoom(user, membership.roomId)
  }

  #link(user: UserRooms, roomId: RoomId): void {
    let users = this.#byRoom.get(roomId)
    if (users === undefined) this.#byRoom.set(roomId, (users = new Set()))
    users.add(user)
  }

  #relink(user: UserRooms): void {
    for (const { roomId, membership } of user.rooms.values()) if (membership === 'join' || membership === 'invite') this.#link(user, roomId)
  }

  #unlinkRoom(user: UserRooms, roomId: RoomId): void {
    const users = this.#byRoom.get(roomId)
    users?.delete(user)
    if (users?.size === 0) this.#byRoom.delete(roomId)
  }

  #unlink(user: UserRooms): void {
    if (this.#pinned.get(user.userId) === user) return
    for (const roomId of user.rooms.keys()) this.#unlinkRoom(user, roomId)
    // Whoever still holds it must not take it for current: nothing updates it any more.
    user.stale = true
  }
}
