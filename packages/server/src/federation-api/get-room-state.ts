import { parseEventId } from '@causeway/events'
import { Type } from '../http/type.ts'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { ServedReads } from '../rooms/serve/serve-reads.ts'

/** The event that a request for a room's state names. Throws M_INVALID_PARAM. */
export function eventOf(text: string) {
  const eventId = parseEventId(text)
  if (eventId === undefined) throw new MatrixError('M_INVALID_PARAM', 'event_id is no event id')
  return eventId
}

/** GET /state/{roomId}. Server-Server API, "Retrieving events". */
export const getRoomState = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/state/{roomId}',
  summary: 'The state of a room before an event, with its auth chain.',
  auth: 'server',
  limit: 'federation',
  query: Type.Object({ event_id: Type.String() }),

  async handle({ caller, params, query }, { servedReads }: { readonly servedReads: ServedReads }) {
    const { state, authChain } = await servedReads.state(params.roomId, caller.serverName, eventOf(query.event_id))
    const texts = (events: typeof state): string => events.map((event) => event.pdu.json).join(',')
    return jsonReply(`{"auth_chain":[${texts(authChain)}],"pdus":[${texts(state)}]}`)
  },
})
