import { Type } from '../http/type.ts'
import { endpoint } from '../http/endpoint.ts'
import type { ServedReads } from '../rooms/serve/serve-reads.ts'
import { eventOf } from './get-room-state.ts'

/** GET /state_ids/{roomId}. Server-Server API, "Retrieving events". */
export const getRoomStateIds = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/state_ids/{roomId}',
  summary: 'The state of a room before an event, by ids.',
  auth: 'server',
  limit: 'federation',
  query: Type.Object({ event_id: Type.String() }),

  async handle({ caller, params, query }, { servedReads }: { readonly servedReads: ServedReads }) {
    const { state, authChain } = await servedReads.state(params.roomId, caller.serverName, eventOf(query.event_id))
    return { auth_chain_ids: authChain.map((event) => event.pdu.eventId), pdu_ids: state.map((event) => event.pdu.eventId) }
  },
})
