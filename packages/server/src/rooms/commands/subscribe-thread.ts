import type { UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import {
  countThreadSubscriptions,
  findThreadSubscription,
  upsertThreadSubscription,
  type ThreadSubscriptionRow,
} from '../../storage/tables/thread-subscriptions.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { threadSubscriptionsMax } from '../relations/limits.ts'
import type { ThreadSubscriptionAnnouncement, ThreadSubscriptionArguments } from '../relations/thread-subscription.ts'

interface Ports {
  readonly engine: RoomEngine
  /** Let the push rules of threads hold for a user. */
  readonly turnOnThreadRules: (userId: UserId) => Promise<void>
}

/**
 * Subscribe a user to a thread, or end that (MSC4306). What holds already is not written again: a subscription that the user made
 * outlives one that their client makes by itself. Throws M_CONFLICTING_UNSUBSCRIPTION for what a client does by itself because of an event
 * from before the user unsubscribed, M_TOO_LARGE. The caller has checked that the user may read the thread's root and the cause.
 *
 * It runs under the room's queue: events are judged by the subscriptions as they stand when they take their place.
 */
export async function subscribeThread(ports: Ports, args: ThreadSubscriptionArguments): Promise<object> {
  const { engine } = ports
  const { roomId, userId, root, subscribed, cause } = args
  const { db, clock } = engine.ports
  // Before the first one is written: who has one has the rules that go with it, and this process, which judges the room's events, knows.
  if (subscribed && (await countThreadSubscriptions(db, userId, 1)) === 0) await ports.turnOnThreadRules(userId)
  await engine.run(roomId, async (view) => {
    const row = await findThreadSubscription(db, view.room, root, userId)
    if (holds(row, args)) return
    if (row?.subscribed === 0 && cause !== undefined && isSettled(row, cause)) {
      throw new MatrixError('IO.ELEMENT.MSC4306.M_CONFLICTING_UNSUBSCRIPTION', 'The user unsubscribed after that event')
    }
    if (row === undefined && (await countThreadSubscriptions(db, userId, threadSubscriptionsMax)) >= threadSubscriptionsMax) {
      throw new MatrixError('M_TOO_LARGE', `an account has at most ${threadSubscriptionsMax} subscriptions to threads`)
    }
    const stamp = Math.max(clock.now(), (row?.stamp ?? 0) + 1)
    const end = subscribed ? ([0, 0] as const) : ([view.livePos, depthOf(view)] as const)
    const automatic = subscribed && cause !== undefined ? 1 : 0
    // Nothing waits between the position and the commit.
    const position = db.nextPosition()
    const values = [view.room, root, userId, subscribed ? 1 : 0, automatic, stamp, ...end, db.slot, position]
    const announcement: ThreadSubscriptionAnnouncement = { kind: 'thread-subscription', userId, slot: db.slot, position }
    const committed = db.commit({
      rows: [{ write: upsertThreadSubscription, rows: [values] }],
      shards: [view.shard],
      announcements: [announcement],
    })
    // The room's next event must find it. This is rare, and takes one commit.
    await committed.finally(() => view.threadSubscribers.delete(root))
  })
  return {}
}

function holds(row: ThreadSubscriptionRow | undefined, { subscribed, cause }: ThreadSubscriptionArguments): boolean {
  if (!subscribed) return row === undefined || row.subscribed === 0
  return row?.subscribed === 1 && (row.automatic === 0 || cause !== undefined)
}

/** Did the user know of the cause when they unsubscribed? Of one that was fetched later, its place in the room's history tells. */
function isSettled(row: ThreadSubscriptionRow, cause: { readonly pos: number; readonly depth: number }): boolean {
  return cause.pos > 0 ? row.unsubscribed_pos >= cause.pos : row.unsubscribed_depth >= cause.depth
}

function depthOf(view: RoomView): number {
  return view.tips.reduce((depth, tip) => Math.max(depth, tip.depth), 0)
}
