import { parseUserId } from '@causeway/events'
import type { Database } from '../storage/database.ts'
import { threadSubscriptionsOfSlot } from '../storage/tables/thread-subscriptions.ts'
import { foreignThreadSubscriptionsMax } from './relations/limits.ts'
import type { ThreadSubscriptionAnnouncement } from './relations/thread-subscription.ts'

/** The announcements that subscriptions to threads which another process committed would have made here. */
export async function announceForeignThreadSubscriptions(
  db: Database,
  { slot, after, position }: { readonly slot: number; readonly after: number; readonly position: number },
): Promise<ThreadSubscriptionAnnouncement[]> {
  const rows = await threadSubscriptionsOfSlot(db, slot, after, position, foreignThreadSubscriptionsMax)
  return rows.flatMap((row): ThreadSubscriptionAnnouncement[] => {
    const userId = parseUserId(row.user_id)
    return userId === undefined ? [] : [{ kind: 'thread-subscription', userId, slot, position: row.position }]
  })
}
