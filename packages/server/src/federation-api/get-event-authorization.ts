import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { ServedReads } from '../rooms/serve/serve-reads.ts'

/** GET /event_auth/{roomId}/{eventId}. Server-Server API, "Retrieving event authorization information". */
export const getEventAuthorization = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/event_auth/{roomId}/{eventId}',
  summary: 'The auth chain of an event.',
  auth: 'server',
  limit: 'federation',

  async handle({ caller, params }, { servedReads }: { readonly servedReads: ServedReads }) {
    const chain = await servedReads.eventAuth(params.roomId, caller.serverName, params.eventId)
    return jsonReply(`{"auth_chain":[${chain.join(',')}]}`)
  },
})
