import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import { publicRoomsPage } from '../rooms/public-rooms-page.ts'
import type { RoomDirectory } from '../rooms/room-directory.ts'

/** What the operations on the public directory need. */
export interface PublicRoomsServices {
  readonly roomDirectory: RoomDirectory
  /** Does the operator let other servers read the directory? */
  readonly publicRoomsOverFederation: boolean
}

/** Throws M_FORBIDDEN unless the operator lets other servers read the directory. */
export function requirePublic(services: Pick<PublicRoomsServices, 'publicRoomsOverFederation'>): void {
  if (!services.publicRoomsOverFederation) throw new MatrixError('M_FORBIDDEN', 'This server does not show its rooms to other servers')
}

/** GET /publicRooms. Server-Server API, "Published Room Directory". */
export const getPublicRooms = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/publicRooms',
  summary: 'The public rooms of this server, for other servers.',
  auth: 'server',
  limit: 'search',
  query: Type.Object({ limit: Type.Optional(Type.Integer()), since: Type.Optional(Type.String()) }),

  handle({ query }, services: PublicRoomsServices) {
    requirePublic(services)
    return publicRoomsPage(services.roomDirectory, { limit: query.limit, since: query.since, term: undefined })
  },
})
