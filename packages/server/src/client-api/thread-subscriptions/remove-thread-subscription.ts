import { endpoint } from '../../http/endpoint.ts'
import { requireVisibleEvent } from '../../rooms/history/read-event.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import type { Rooms } from '../../rooms/rooms.ts'

interface Services {
  readonly reading: ReadingPorts
  readonly rooms: Rooms
}

/** DELETE …/subscription. MSC4306; `eventId` is the thread's root. */
export const removeThreadSubscription = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{eventId}/subscription',
  summary: "End the user's subscription to a thread.",
  auth: 'user',
  limit: 'write',

  async handle({ caller, params }, { reading, rooms }: Services) {
    const { roomId, eventId: root } = params
    await requireVisibleEvent(reading, roomId, root, caller.userId)
    await rooms.subscribeThread({ roomId, userId: caller.userId, root, subscribed: false })
    return {}
  },
})
