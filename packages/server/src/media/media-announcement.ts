import type { Announcement } from '../storage/database.ts'

/** A piece of media of ours has its file. */
export interface MediaAnnouncement extends Announcement {
  readonly kind: 'media'
  readonly mediaId: string
}

export function isMediaAnnouncement(announcement: Announcement): announcement is MediaAnnouncement {
  return announcement.kind === 'media'
}
