import { parseUserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import type { Database } from '../../storage/database.ts'
import { accountDataOfSlot } from '../../storage/tables/account-data.ts'
import type { AccountDataAnnouncement } from '../announcements.ts'
import { foreignAccountDataMax } from '../limits.ts'
import { roomIdOf } from './room-id-of.ts'

/** What another process committed: positions of its slot after `after` up to `position`. */
export interface ForeignStretch {
  readonly slot: number
  readonly after: number
  readonly position: number
}

/** The announcements that another process's changes of account data would have made here. */
export async function announceForeignAccountData(
  db: Database,
  { slot, after, position }: ForeignStretch,
): Promise<AccountDataAnnouncement[]> {
  const rows = await accountDataOfSlot(db, slot, after, position, foreignAccountDataMax)
  return rows.map((row) => {
    const userId = parseUserId(row.user_id)
    assert(userId !== undefined, 'stored user ids are valid')
    return { kind: 'account-data', userId, roomId: roomIdOf(row.room_id), type: row.type, slot, position: row.position }
  })
}
