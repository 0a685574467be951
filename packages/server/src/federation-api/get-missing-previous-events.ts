import { parseEventId, type EventId, type JsonValue } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { ServedReads } from '../rooms/serve/serve-reads.ts'
import { bodyObject } from './send-transaction.ts'

/** POST /get_missing_events/{roomId}. Server-Server API, "Backfilling and retrieving missing events". */
export const getMissingPreviousEvents = endpoint({
  method: 'POST',
  path: '/_matrix/federation/v1/get_missing_events/{roomId}',
  summary: 'Events of a room between some that the asking server has and some that it got.',
  auth: 'server',
  limit: 'federation',
  rawBody: true,

  async handle({ caller, params }, { servedReads }: { readonly servedReads: ServedReads }) {
    const { earliest_events: earliest, latest_events: latest, limit, min_depth: minDepth } = bodyObject(caller)
    const events = await servedReads.missingEvents(params.roomId, caller.serverName, {
      earliest: ids(earliest, 'earliest_events'),
      latest: ids(latest, 'latest_events'),
      limit: typeof limit === 'number' ? limit : 10,
      minDepth: typeof minDepth === 'number' ? minDepth : 0,
    })
    return jsonReply(`{"events":[${events.join(',')}]}`)
  },
})

function ids(value: JsonValue | undefined, name: string): EventId[] {
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', `${name} must be a list of event ids`)
  return value.flatMap((id: JsonValue) => (typeof id === 'string' ? (parseEventId(id) ?? []) : []))
}
