import { isJsonObject, type JsonValue } from '@causeway/events'
import { endpoint } from '../http/endpoint.ts'
import { publicRoomsPage } from '../rooms/public-rooms-page.ts'
import { requirePublic, type PublicRoomsServices } from './get-public-rooms.ts'
import { bodyObject } from './send-transaction.ts'

/** POST /publicRooms. Server-Server API, "Published Room Directory". */
export const queryPublicRooms = endpoint({
  method: 'POST',
  path: '/_matrix/federation/v1/publicRooms',
  summary: 'The public rooms of this server, filtered, for other servers.',
  auth: 'server',
  limit: 'search',
  rawBody: true,

  handle({ caller }, services: PublicRoomsServices) {
    requirePublic(services)
    const { limit, since, filter } = bodyObject(caller)
    const { generic_search_term: term, room_types: types } = isJsonObject(filter) ? filter : {}
    return publicRoomsPage(services.roomDirectory, {
      limit: typeof limit === 'number' ? limit : undefined,
      since: typeof since === 'string' ? since : undefined,
      term: typeof term === 'string' ? term.slice(0, 500) : undefined,
      roomTypes: Array.isArray(types) ? types.filter((type: JsonValue) => typeof type === 'string' || type === null) : undefined,
    })
  },
})
