import type { UserId } from '@causeway/events'
import type { Positions } from '../rooms/history/positions.ts'
import type { Database } from '../storage/database.ts'
import { threadSubscriptionChanges, type ThreadSubscriptionChange } from '../storage/tables/thread-subscriptions.ts'
import { threadSubscriptionsPageMax } from './limits.ts'

/** Subscriptions that changed in a stretch of the stream, the newest first. */
export interface ThreadSubscriptionPage {
  readonly changes: readonly ThreadSubscriptionChange[]
  /** Up to where the stretch is that was left out; absent if nothing was. */
  readonly rest: Positions | undefined
}

/** What changed of a user's subscriptions to threads after `since` (from the beginning without it) up to `upTo`: the newest of it. */
export async function threadSubscriptionPage(
  db: Database,
  userId: UserId,
  since: Positions | undefined,
  upTo: Positions,
  limit: number,
): Promise<ThreadSubscriptionPage> {
  const max = Math.min(limit, threadSubscriptionsPageMax)
  const bySlot: ThreadSubscriptionChange[][] = []
  for (const [slot, last] of upTo) {
    const first = since?.get(slot) ?? 0
    if (first < last) bySlot.push(await threadSubscriptionChanges(db, userId, slot, first, last, max + 1))
  }
  const changes: ThreadSubscriptionChange[] = []
  const rest = new Map(upTo)
  for (;;) {
    // Each writer's own are in order; between writers the stamps tell, which are times.
    let newest: ThreadSubscriptionChange[] | undefined
    for (const list of bySlot) if ((list[0]?.stamp ?? -1) > (newest?.[0]?.stamp ?? -1)) newest = list
    if (newest === undefined) return { changes, rest: undefined }
    const change = changes.length < max ? newest.shift() : undefined
    if (change === undefined) return { changes, rest }
    changes.push(change)
    rest.set(change.slot, change.position - 1)
  }
}

/** A page as the members of an answer (MSC4308). */
export function threadSubscriptionMembers({ changes }: ThreadSubscriptionPage): string[] {
  const members: string[] = []
  for (const [name, subscribed] of [
    ['subscribed', 1],
    ['unsubscribed', 0],
  ] as const) {
    const rooms = Map.groupBy(
      changes.filter((change) => change.subscribed === subscribed),
      (change) => change.room_id,
    )
    const texts = [...rooms].map(([roomId, threads]) => `${JSON.stringify(roomId)}:{${threads.map(threadText).join(',')}}`)
    if (texts.length > 0) members.push(`"${name}":{${texts.join(',')}}`)
  }
  return members
}

function threadText({ thread, subscribed, automatic, stamp }: ThreadSubscriptionChange): string {
  const how = subscribed === 1 ? `"automatic":${automatic === 1},` : ''
  return `${JSON.stringify(thread)}:{${how}"bump_stamp":${stamp}}`
}
