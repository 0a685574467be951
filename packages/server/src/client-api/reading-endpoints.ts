import { getEventContext } from './event-context/get-event-context.ts'
import { getJoinedRooms } from './list-joined-rooms/get-joined-rooms.ts'
import { getRoomEvents } from './message-pagination/get-room-events.ts'
import { getPresence } from './presence/get-presence.ts'
import { setPresence } from './presence/set-presence.ts'
import { setReadMarker } from './read-markers/set-read-marker.ts'
import { postReceipt } from './receipts/post-receipt.ts'
import { getRelatingEventsWithRelTypeAndEventType } from './relations/get-relating-events-with-rel-type-and-event-type.ts'
import { getRelatingEventsWithRelType } from './relations/get-relating-events-with-rel-type.ts'
import { getRelatingEvents } from './relations/get-relating-events.ts'
import { getEventByTimestamp } from './room-event-by-timestamp/get-event-by-timestamp.ts'
import { getJoinedMembersByRoom } from './rooms/get-joined-members-by-room.ts'
import { getMembersByRoom } from './rooms/get-members-by-room.ts'
import { getOneRoomEvent } from './rooms/get-one-room-event.ts'
import { getRoomStateWithKey } from './rooms/get-room-state-with-key.ts'
import { getRoomState } from './rooms/get-room-state.ts'
import { slidingSync } from './sliding-sync/sliding-sync.ts'
import { sync } from './sync/sync.ts'
import { getThreadRoots } from './threads-list/get-thread-roots.ts'
import { getThreadSubscription } from './thread-subscriptions/get-thread-subscription.ts'
import { getThreadSubscriptions } from './thread-subscriptions/get-thread-subscriptions.ts'
import { setTyping } from './typing/set-typing.ts'

/** The operations that read rooms, /sync among them, and what is said of reading: typing, receipts, markers. */
export const readingEndpoints = [
  getEventByTimestamp,
  getEventContext,
  getJoinedMembersByRoom,
  getJoinedRooms,
  getMembersByRoom,
  getOneRoomEvent,
  getPresence,
  getRelatingEvents,
  getRelatingEventsWithRelType,
  getRelatingEventsWithRelTypeAndEventType,
  getRoomEvents,
  getRoomState,
  getRoomStateWithKey,
  getThreadRoots,
  getThreadSubscription,
  getThreadSubscriptions,
  postReceipt,
  setPresence,
  setReadMarker,
  setTyping,
  slidingSync,
  sync,
] as const
