import type { EventId, RoomId, UserId } from '@causeway/events'
import type { Announcement } from '../../storage/database.ts'

/** A user's subscription to a thread changed. */
export interface ThreadSubscriptionAnnouncement extends Announcement {
  readonly kind: 'thread-subscription'
  readonly userId: UserId
  readonly slot: number
  readonly position: number
}

/** What is to become of a user's subscription to a thread (MSC4306), as plain data. */
export interface ThreadSubscriptionArguments {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly root: EventId
  readonly subscribed: boolean
  /** Where the event stands that made the client subscribe by itself; absent when its user did. */
  readonly cause?: { readonly pos: number; readonly depth: number } | undefined
}
