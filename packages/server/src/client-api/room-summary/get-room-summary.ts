import { parseRoomAlias, parseRoomId, serverOf, type RoomAlias, type RoomId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'
import { summariseRoom } from '../../rooms/room-summary.ts'

interface Services {
  readonly reading: ReadingPorts
  readonly roomDirectory: RoomDirectory
}

/** GET /room_summary/{roomIdOrAlias}, of rooms that this server is in. Client-Server API, "Room Summary". */
export const getRoomSummary = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/room_summary/{roomIdOrAlias}',
  summary: 'Tell somebody who may not be in a room what it is.',
  auth: 'optional',
  limit: 'read',
  query: Type.Object({ via: Type.Optional(Type.Array(Type.String())) }),

  async handle({ caller, params }, services: Services) {
    const alias = parseRoomAlias(params.roomIdOrAlias)
    const roomId = alias === undefined ? parseRoomId(params.roomIdOrAlias) : await roomOf(services, alias, caller !== undefined)
    if (roomId === undefined) throw new MatrixError('M_INVALID_PARAM', 'This is neither a room id nor an alias')
    return summariseRoom(services.reading.engine, roomId, caller?.userId)
  },
})

/** Only somebody who is logged in can make us ask other servers. */
async function roomOf({ reading, roomDirectory }: Services, alias: RoomAlias, loggedIn: boolean): Promise<RoomId> {
  const ours = serverOf(alias) === reading.engine.ports.serverName
  if (!ours && !loggedIn) throw new MatrixError('M_NOT_FOUND', 'Room not found')
  return (await roomDirectory.resolve(alias)).roomId
}
