import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { directoryPage, type DirectoryServices } from './directory-of.ts'

/** GET /publicRooms. Client-Server API, "Listing rooms". */
export const getPublicRooms = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/publicRooms',
  also: ['/_matrix/client/r0/publicRooms'],
  summary: 'The public rooms of this server, or of another one.',
  auth: 'optional',
  limit: 'search',
  query: Type.Object({ limit: Type.Optional(Type.Integer()), since: Type.Optional(Type.String()), server: Type.Optional(Type.String()) }),

  handle({ caller, query }, services: DirectoryServices) {
    const { limit, since, server } = query
    return directoryPage(services, server, caller !== undefined, { limit, since, term: undefined, roomTypes: undefined })
  },
})
