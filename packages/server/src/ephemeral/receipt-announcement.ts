import type { RoomId, UserId } from '@causeway/events'
import type { Announcement } from '../storage/database.ts'

/** How far a user has read a room, or a thread of it. */
export interface Receipt {
  readonly userId: UserId
  readonly type: string
  /** '' for an unthreaded receipt. */
  readonly thread: string
  readonly eventId: string
  /** Position of the event in the room's timeline, 0 if this server has not got it. */
  readonly eventPos: number
  /** Milliseconds since 1970. */
  readonly ts: number
  readonly slot: number
  readonly position: number
}

/** A receipt moved. `own`: nobody but its user may know. */
export interface ReceiptAnnouncement extends Announcement {
  readonly kind: 'receipt'
  readonly room: number
  readonly roomId: RoomId
  readonly userId: UserId
  readonly own: boolean
  readonly slot: number
  readonly position: number
  readonly receipt: Receipt
}

/** Is this announcement about a receipt? */
export function isReceiptAnnouncement(announcement: Announcement): announcement is ReceiptAnnouncement {
  return announcement.kind === 'receipt'
}

/** Receipts of this type are for their user alone (Client-Server API, "Private read receipts"). */
export const privateReceipt = 'm.read.private'
