import { parseRoomAlias } from '@causeway/events'
import { Type } from '../http/type.ts'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import type { RoomDirectory } from '../rooms/room-directory.ts'

/** GET /query/directory. Server-Server API, "Querying for information". */
export const queryRoomDirectory = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/query/directory',
  summary: 'Where an alias of this server leads.',
  auth: 'server',
  limit: 'federation',
  query: Type.Object({ room_alias: Type.String() }),

  async handle({ query }, { roomDirectory }: { readonly roomDirectory: RoomDirectory }) {
    const alias = parseRoomAlias(query.room_alias)
    if (alias === undefined) throw new MatrixError('M_INVALID_PARAM', 'room_alias is no alias')
    const target = await roomDirectory.findLocal(alias)
    if (target === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no such alias')
    return { room_id: target.roomId, servers: target.servers }
  },
})
