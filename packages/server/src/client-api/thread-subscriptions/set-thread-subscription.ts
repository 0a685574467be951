import { parseEventId, type EventId, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { requireVisibleEvent } from '../../rooms/history/read-event.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { relationOf } from '../../rooms/relations/relation-of.ts'
import type { Rooms } from '../../rooms/rooms.ts'

interface Services {
  readonly reading: ReadingPorts
  readonly rooms: Rooms
}

/** PUT …/subscription. MSC4306; `eventId` is the thread's root, `automatic` the event that made the client subscribe by itself. */
export const setThreadSubscription = endpoint({
  method: 'PUT',
  path: '/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{eventId}/subscription',
  summary: 'Subscribe the user to a thread.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ automatic: Type.Optional(Type.String({ maxLength: 255 })) }),

  async handle({ caller, params, body }, { reading, rooms }: Services) {
    const { roomId, eventId: root } = params
    const { userId } = caller
    await requireVisibleEvent(reading, roomId, root, userId)
    const cause = body.automatic === undefined ? undefined : await causeOf(reading, roomId, root, body.automatic, userId)
    await rooms.subscribeThread({ roomId, userId, root, subscribed: true, cause })
    return {}
  },
})

/** Throws M_NOT_IN_THREAD, M_NOT_FOUND for an event that the user may not read. */
async function causeOf(reading: ReadingPorts, roomId: RoomId, root: EventId, text: string, userId: UserId) {
  const id = parseEventId(text)
  if (id === undefined) throw new MatrixError('M_INVALID_PARAM', 'automatic must be the id of an event')
  const { event } = await requireVisibleEvent(reading, roomId, id, userId)
  const relation = relationOf(event.pdu)
  if (relation?.type !== 'm.thread' || relation.to !== root) {
    throw new MatrixError('IO.ELEMENT.MSC4306.M_NOT_IN_THREAD', 'automatic must be an event of the thread')
  }
  return { pos: event.pos ?? 0, depth: event.depth }
}
