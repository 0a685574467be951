import { parseRoomAlias, parseRoomId, serverOf, type RoomAlias } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import type { AliasTarget, RoomDirectory } from '../../rooms/room-directory.ts'
import type { Hierarchy } from '../../rooms/spaces/hierarchy.ts'
import { summariseRoom } from '../../rooms/spaces/room-summaries.ts'
import { viaServers } from '../joining/join-room-by-id.ts'

interface Services {
  readonly reading: ReadingPorts
  readonly roomDirectory: RoomDirectory
  readonly hierarchy: Hierarchy
}

/** GET /room_summary/{roomIdOrAlias}. Client-Server API, "Room Summary". */
export const getRoomSummary = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/room_summary/{roomIdOrAlias}',
  summary: 'Tell somebody who may not be in a room what it is.',
  auth: 'optional',
  limit: 'search',
  query: Type.Object({ via: Type.Optional(Type.Array(Type.String())) }),

  async handle({ caller, params, query }, services: Services) {
    const alias = parseRoomAlias(params.roomIdOrAlias)
    const target = alias === undefined ? undefined : await targetOf(services, alias, caller !== undefined)
    const roomId = target?.roomId ?? parseRoomId(params.roomIdOrAlias)
    if (roomId === undefined) throw new MatrixError('M_INVALID_PARAM', 'This is neither a room id nor an alias')
    const { reading, hierarchy } = services
    const via = [...viaServers(query), ...(target?.servers ?? [])]
    return summariseRoom({ engine: reading.engine, hierarchy }, roomId, caller?.userId, via)
  },
})

/** Only somebody who is logged in can make us ask other servers. */
async function targetOf({ reading, roomDirectory }: Services, alias: RoomAlias, loggedIn: boolean): Promise<AliasTarget> {
  const ours = serverOf(alias) === reading.engine.ports.serverName
  if (!ours && !loggedIn) throw new MatrixError('M_NOT_FOUND', 'Room not found')
  return roomDirectory.resolve(alias)
}
