import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { directoryPage, type DirectoryServices } from './directory-of.ts'

/** POST /publicRooms. Client-Server API, "Listing rooms". */
export const queryPublicRooms = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/publicRooms',
  also: ['/_matrix/client/r0/publicRooms'],
  summary: 'The public rooms of this server, or of another one, filtered.',
  auth: 'user',
  limit: 'search',
  query: Type.Object({ server: Type.Optional(Type.String()) }),
  body: Type.Object({
    limit: Type.Optional(Type.Integer()),
    since: Type.Optional(Type.String()),
    filter: Type.Optional(
      Type.Object({
        generic_search_term: Type.Optional(Type.Union([Type.String({ maxLength: 500 }), Type.Null()])),
        room_types: Type.Optional(Type.Union([Type.Array(Type.Union([Type.String(), Type.Null()]), { maxItems: 50 }), Type.Null()])),
      }),
    ),
  }),

  handle({ query, body }, services: DirectoryServices) {
    const { filter } = body
    return directoryPage(services, query.server, true, {
      limit: body.limit,
      since: body.since,
      term: filter?.generic_search_term ?? undefined,
      roomTypes: filter?.room_types ?? undefined,
    })
  },
})
