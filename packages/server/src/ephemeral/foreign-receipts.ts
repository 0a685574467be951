import { parseRoomId, parseUserId } from '@causeway/events'
import type { Database } from '../storage/database.ts'
import { receiptsOfSlot } from '../storage/tables/receipts.ts'
import { privateReceipt, type ReceiptAnnouncement } from './receipt-announcement.ts'

/** Receipts that are told apart of one stretch of another process's commits. */
const foreignReceiptsMax = 2_000

/** The announcements that receipts which another process committed would have made here. */
export async function announceForeignReceipts(
  db: Database,
  { slot, after, position }: { readonly slot: number; readonly after: number; readonly position: number },
): Promise<ReceiptAnnouncement[]> {
  const rows = await receiptsOfSlot(db, slot, after, position, foreignReceiptsMax)
  return rows.flatMap((row): ReceiptAnnouncement[] => {
    const roomId = parseRoomId(row.room_id)
    const userId = parseUserId(row.user_id)
    if (roomId === undefined || userId === undefined) return []
    const { room, type, thread, event_id: eventId, event_pos: eventPos, ts } = row
    const receipt = { userId, type, thread, eventId, eventPos, ts, slot, position: row.position }
    return [{ kind: 'receipt', room, roomId, userId, own: type === privateReceipt, slot, position: row.position, receipt }]
  })
}
