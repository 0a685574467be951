import { parseRoomId, parseUserId } from '@causeway/events'
import type { Announcement, Database } from '../storage/database.ts'
import { listChanges, roomsOfUser } from '../storage/tables/device-lists.ts'
import { toDeviceOfSlot } from '../storage/tables/to-device.ts'
import type { DeviceListAnnouncement, ToDeviceAnnouncement } from './announcements.ts'
import { foreignRowsMax } from './limits.ts'

/** The announcements that messages and device lists which another process committed would have made here. */
export async function announceForeignEncryption(
  db: Database,
  { slot, after, position }: { readonly slot: number; readonly after: number; readonly position: number },
): Promise<Announcement[]> {
  const messages = await toDeviceOfSlot(db, slot, after, position, foreignRowsMax)
  const announcements: Announcement[] = messages.map((row): ToDeviceAnnouncement => {
    const userId = parseUserId(row.user_id)
    return { kind: 'to-device', slot, position: row.position, userIds: userId === undefined ? [] : [userId] }
  })
  for (const row of await listChanges(db, slot, { position: after, userId: '\u{10ffff}' }, position, foreignRowsMax)) {
    const userId = parseUserId(row.seen_by === '' ? row.user_id : row.seen_by)
    const touch = { kind: 'device-list', slot, position: row.position, ofUser: row.user_id } as const
    const told: DeviceListAnnouncement[] = userId === undefined ? [] : [{ ...touch, userId }]
    if (row.seen_by === '') {
      for (const { room_id: room } of await roomsOfUser(db, row.user_id)) {
        const roomId = parseRoomId(room)
        if (roomId !== undefined) told.push({ ...touch, roomId })
      }
    }
    announcements.push(...told)
  }
  return announcements
}
