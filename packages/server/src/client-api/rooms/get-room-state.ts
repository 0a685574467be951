import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { readState } from '../../rooms/history/read-state.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { readingOf } from '../reading-of.ts'

/** GET /rooms/{roomId}/state. Client-Server API, "Getting events for a room". */
export const getRoomState = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/state',
  also: ['/_matrix/client/r0/rooms/{roomId}/state'],
  summary: "Give all of a room's state.",
  auth: 'user',
  limit: 'read',

  async handle({ caller, params }, { reading }: { readonly reading: ReadingPorts }) {
    return jsonReply(await readState(reading, params.roomId, caller.userId, readingOf(caller, reading.clock)))
  },
})
