import { parseRoomAlias, parseRoomId } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { viaServers } from '../joining/join-room-by-id.ts'

/** POST /knock/{roomIdOrAlias}. Client-Server API, "Knocking on rooms". */
export const knockRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/knock/{roomIdOrAlias}',
  summary: 'Ask the members of a room to be invited.',
  auth: 'user',
  limit: 'join',
  query: Type.Object({ via: Type.Optional(Type.Array(Type.String())), server_name: Type.Optional(Type.Array(Type.String())) }),
  body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 5000 })) }),

  async handle(
    { caller, params, query, body },
    { rooms, roomDirectory }: { readonly rooms: Rooms; readonly roomDirectory: RoomDirectory },
  ) {
    refuseSuspended(caller)
    const alias = parseRoomAlias(params.roomIdOrAlias)
    const target = alias === undefined ? undefined : await roomDirectory.resolve(alias)
    const roomId = target?.roomId ?? parseRoomId(params.roomIdOrAlias)
    if (roomId === undefined) throw new MatrixError('M_INVALID_PARAM', 'This is neither a room id nor an alias')
    await rooms.changeMembership({
      roomId,
      sender: caller.userId,
      target: caller.userId,
      action: 'knock',
      servers: [...viaServers(query), ...(target?.servers ?? [])],
      ...(body.reason === undefined ? {} : { reason: body.reason }),
    })
    return { room_id: roomId }
  },
})
