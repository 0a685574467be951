import type { RoomId, ServerName, UserId } from '@causeway/events'
import type { Announcement } from '../../storage/database.ts'
import type { Membership } from '../../storage/tables/memberships.ts'
import type { StoredEvent } from './stored-event.ts'

/** A membership of one of our users that a commit changed. */
export interface LocalMembershipChange {
  readonly userId: UserId
  readonly membership: Membership
  /** Absent when there was none, and when another process committed the change. */
  readonly before?: Membership | undefined
}

/** An event that other servers must get. */
export interface Departure {
  readonly event: StoredEvent
  readonly servers: readonly string[]
  /** An event of before, for servers that are new: it says nothing of who else is in the room. */
  readonly late?: boolean
}

/** What a commit changed in a room, for /sync, the senders and push of this process. */
export interface RoomAnnouncement extends Announcement {
  readonly kind: 'room'
  readonly room: number
  readonly roomId: RoomId
  readonly slot: number
  readonly position: number
  /** New live events, in order. */
  readonly events: readonly StoredEvent[]
  readonly memberships: readonly LocalMembershipChange[]
  readonly departures: readonly Departure[]
  /** Servers that are in the room again and never saw themselves out of it, and who of ours is in it. */
  readonly returned?: { readonly servers: readonly ServerName[]; readonly members: readonly UserId[] }
  /** Something came that undecided events of the room may have been waiting for. */
  readonly released?: boolean
  /** The state of a room that we had joined fast became complete. */
  readonly completed?: boolean
}

/** Is this announcement about a room's events? */
export function isRoomAnnouncement(announcement: Announcement): announcement is RoomAnnouncement {
  return announcement.kind === 'room'
}
