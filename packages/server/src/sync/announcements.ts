import type { RoomId, UserId } from '@causeway/events'
import type { Announcement } from '../storage/database.ts'

/**
 * A commit that touches users or rooms beyond events: account data, to-device messages, device lists, receipts, … Every
 * announcement of this shape wakes the /sync of those users, and of the members of those rooms, whatever its kind.
 */
export interface TouchAnnouncement extends Announcement {
  readonly slot: number
  readonly position: number
  readonly userId?: UserId
  readonly userIds?: readonly UserId[]
  /** '' is no room. */
  readonly roomId?: RoomId | ''
  /** What changed in the room is for the named users alone; so it is by default when there are any. */
  readonly own?: boolean
}

/** Does this announcement touch users or a room at a stream position? */
export function isTouch(announcement: Announcement): announcement is TouchAnnouncement {
  if (!('slot' in announcement) || !('position' in announcement)) return false
  const { slot, position } = announcement
  return (
    typeof slot === 'number' &&
    typeof position === 'number' &&
    ('userId' in announcement || 'userIds' in announcement || 'roomId' in announcement)
  )
}
