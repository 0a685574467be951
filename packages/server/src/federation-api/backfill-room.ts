import { parseEventId, type ServerName } from '@causeway/events'
import { Type } from '../http/type.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { ServedReads } from '../rooms/serve/serve-reads.ts'

/** GET /backfill/{roomId}. Server-Server API, "Backfilling and retrieving missing events". */
export const backfillRoom = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/backfill/{roomId}',
  summary: 'Events of a room before some others.',
  auth: 'server',
  limit: 'federation',
  query: Type.Object({ v: Type.Array(Type.String(), { maxItems: 100 }), limit: Type.Integer() }),

  async handle(
    { caller, params, query },
    services: { readonly servedReads: ServedReads; readonly serverName: ServerName; readonly clock: { now(): number } },
  ) {
    const from = query.v.flatMap((id) => parseEventId(id) ?? [])
    const pdus = await services.servedReads.backfill(params.roomId, caller.serverName, from, query.limit)
    return jsonReply(
      `{"origin":${JSON.stringify(services.serverName)},"origin_server_ts":${services.clock.now()},"pdus":[${pdus.join(',')}]}`,
    )
  },
})
