import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { readEvent } from '../../rooms/history/read-event.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { readingOf } from '../reading-of.ts'

/** GET /rooms/{roomId}/event/{eventId}. Client-Server API, "Getting events for a room". */
export const getOneRoomEvent = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/event/{eventId}',
  also: ['/_matrix/client/r0/rooms/{roomId}/event/{eventId}'],
  summary: 'Give one event of a room.',
  auth: 'user',
  limit: 'read',

  async handle({ caller, params }, { reading }: { readonly reading: ReadingPorts }) {
    return jsonReply(await readEvent(reading, params.roomId, params.eventId, caller.userId, readingOf(caller, reading.clock)))
  },
})
