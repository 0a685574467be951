import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'
import { publicRoomsPage } from '../../rooms/public-rooms-page.ts'
import { refuseRemote } from './refuse-remote.ts'

/** GET /publicRooms. Client-Server API, "Listing rooms". */
export const getPublicRooms = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/publicRooms',
  also: ['/_matrix/client/r0/publicRooms'],
  summary: 'The public rooms of this server.',
  auth: 'none',
  limit: 'search',
  query: Type.Object({ limit: Type.Optional(Type.Integer()), since: Type.Optional(Type.String()), server: Type.Optional(Type.String()) }),

  handle({ query }, services: { readonly roomDirectory: RoomDirectory; readonly serverName: string }) {
    refuseRemote(query.server, services.serverName)
    return publicRoomsPage(services.roomDirectory, { limit: query.limit, since: query.since, term: undefined })
  },
})
