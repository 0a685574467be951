import type { RoomId, UserId } from '@causeway/events'
import type { Announcement } from '../storage/database.ts'
import type { UserRoomTaskKind } from '../storage/tables/user-room-tasks.ts'

/** A piece of account data changed; `roomId` is `''` for global data. Push rules come as type `m.push_rules`. */
export interface AccountDataAnnouncement extends Announcement {
  readonly kind: 'account-data'
  readonly userId: UserId
  readonly roomId: RoomId | ''
  readonly type: string
  readonly slot: number
  readonly position: number
}

/** Sessions of a user ended, or what the account may do changed: whoever remembers the user's callers asks again. */
export interface CallersChangedAnnouncement extends Announcement {
  readonly kind: 'callers-changed'
  readonly userId: UserId
  /** Devices that are gone. A session may end without its device. */
  readonly goneDeviceIds: readonly string[]
}

/** A local user's profile changed. */
export interface ProfileAnnouncement extends Announcement {
  readonly kind: 'profile'
  readonly userId: UserId
  readonly field: string
}

/** A row was added to `user_room_tasks`: its worker has something to do. */
export interface UserRoomTaskAnnouncement extends Announcement {
  readonly kind: 'user-room-task'
  readonly userId: UserId
  readonly task: UserRoomTaskKind
}

export function isAccountDataAnnouncement(announcement: Announcement): announcement is AccountDataAnnouncement {
  return announcement.kind === 'account-data'
}

export function isCallersChangedAnnouncement(announcement: Announcement): announcement is CallersChangedAnnouncement {
  return announcement.kind === 'callers-changed'
}

export function isProfileAnnouncement(announcement: Announcement): announcement is ProfileAnnouncement {
  return announcement.kind === 'profile'
}

export function isUserRoomTaskAnnouncement(announcement: Announcement): announcement is UserRoomTaskAnnouncement {
  return announcement.kind === 'user-room-task'
}
