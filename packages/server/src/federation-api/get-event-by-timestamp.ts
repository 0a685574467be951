import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import type { ServedReads } from '../rooms/serve/serve-reads.ts'

/** GET /timestamp_to_event/{roomId}. Server-Server API, "Retrieving events". */
export const getEventByTimestamp = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/timestamp_to_event/{roomId}',
  summary: 'Find the event of a room closest to a time.',
  auth: 'server',
  limit: 'federation',
  query: Type.Object({ ts: Type.Integer(), dir: Type.Union([Type.Literal('f'), Type.Literal('b')]) }),

  async handle({ caller, params, query }, { servedReads }: { readonly servedReads: ServedReads }) {
    const { eventId, ts } = await servedReads.eventByTime(params.roomId, caller.serverName, query.ts, query.dir)
    return { event_id: eventId, origin_server_ts: ts }
  },
})
