import { parseRoomId, type ServerName } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { ServedReads } from '../rooms/serve/serve-reads.ts'
import type { Database } from '../storage/database.ts'
import { sharedRoomOfEvent } from '../storage/tables/rooms.ts'

/** GET /event/{eventId}. Server-Server API, "Retrieving events". */
export const getEvent = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/event/{eventId}',
  summary: 'One event of a room that the asking server is in.',
  auth: 'server',
  limit: 'federation',

  async handle(
    { caller, params },
    {
      servedReads,
      db,
      serverName,
      clock,
    }: { readonly servedReads: ServedReads; readonly db: Database; readonly serverName: ServerName; readonly clock: { now(): number } },
  ) {
    const found = await sharedRoomOfEvent(db, caller.serverName, params.eventId)
    const roomId = found === undefined ? undefined : parseRoomId(found)
    if (roomId === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown event')
    const pdu = await servedReads.event(roomId, caller.serverName, params.eventId)
    return jsonReply(`{"origin":${JSON.stringify(serverName)},"origin_server_ts":${clock.now()},"pdus":[${pdu}]}`)
  },
})
