import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import type { Sync } from '../../sync/sync.ts'
import { relationsQuery, relationsReply } from './relations-page.ts'

/** GET /rooms/{roomId}/relations/{eventId}. Client-Server API, "Relationships API". */
export const getRelatingEvents = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/rooms/{roomId}/relations/{eventId}',
  summary: 'Give what relates to an event.',
  auth: 'user',
  limit: 'read',
  query: relationsQuery,

  async handle({ caller, params, query }, services: { readonly reading: ReadingPorts; readonly sync: Sync }) {
    return jsonReply(await relationsReply(services, caller, params, query))
  },
})
