import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { readEventByTime } from '../../rooms/history/event-by-time.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'

/** GET /rooms/{roomId}/timestamp_to_event. Client-Server API, "Getting events for a room". */
export const getEventByTimestamp = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/rooms/{roomId}/timestamp_to_event',
  summary: 'Find the event closest to a time.',
  auth: 'user',
  limit: 'search',
  query: Type.Object({ ts: Type.Integer(), dir: Type.Union([Type.Literal('f'), Type.Literal('b')]) }),

  async handle({ caller, params, query }, { reading }: { readonly reading: ReadingPorts }) {
    const { eventId, ts } = await readEventByTime(reading, params.roomId, caller.userId, { ts: query.ts, direction: query.dir })
    return { event_id: eventId, origin_server_ts: ts }
  },
})
