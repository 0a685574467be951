import type { RoomId, UserId } from '@causeway/events'
import type { Announcement } from '../storage/database.ts'

/** Messages came for devices of these users: their /sync wakes. */
export interface ToDeviceAnnouncement extends Announcement {
  readonly kind: 'to-device'
  readonly slot: number
  readonly position: number
  readonly userIds: readonly UserId[]
}

/** One-time or fallback keys of a device were uploaded, given away, or went with it. */
export interface OneTimeKeysAnnouncement extends Announcement {
  readonly kind: 'one-time-keys'
  readonly userId: UserId
  readonly deviceId: string
}

/** Devices or keys of `ofUser` changed: whoever is in the room, or is the user, wakes. */
export interface DeviceListAnnouncement extends Announcement {
  readonly kind: 'device-list'
  readonly slot: number
  readonly position: number
  readonly ofUser: string
  readonly roomId?: RoomId
  readonly userId?: UserId
}

/** There is something to tell of a user's devices. */
export interface ListOutboxAnnouncement extends Announcement {
  readonly kind: 'device-list-outbox'
  readonly ofUser: UserId
}

export function isToDeviceAnnouncement(announcement: Announcement): announcement is ToDeviceAnnouncement {
  return announcement.kind === 'to-device'
}

export function isOneTimeKeysAnnouncement(announcement: Announcement): announcement is OneTimeKeysAnnouncement {
  return announcement.kind === 'one-time-keys'
}

export function isDeviceListAnnouncement(announcement: Announcement): announcement is DeviceListAnnouncement {
  return announcement.kind === 'device-list'
}

export function isListOutboxAnnouncement(announcement: Announcement): announcement is ListOutboxAnnouncement {
  return announcement.kind === 'device-list-outbox'
}
