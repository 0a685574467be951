import { parseRoomAlias, parseRoomId } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { joinBody, joinContent, useThirdPartySigned } from './join-content.ts'
import { viaServers } from './join-room-by-id.ts'

/** POST /join/{roomIdOrAlias}. Client-Server API, "Joining rooms". */
export const joinRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/join/{roomIdOrAlias}',
  also: ['/_matrix/client/r0/join/{roomIdOrAlias}'],
  summary: 'Join a room by its id or an alias.',
  auth: 'user',
  limit: 'join',
  query: Type.Object({ via: Type.Optional(Type.Array(Type.String())), server_name: Type.Optional(Type.Array(Type.String())) }),
  body: joinBody,

  async handle(
    { caller, params, query, body },
    { rooms, roomDirectory }: { readonly rooms: Rooms; readonly roomDirectory: RoomDirectory },
  ) {
    refuseSuspended(caller)
    const alias = parseRoomAlias(params.roomIdOrAlias)
    const id = parseRoomId(params.roomIdOrAlias)
    const given = viaServers(query)
    const target = alias === undefined ? undefined : await roomDirectory.resolve(alias)
    const roomId = target?.roomId ?? id
    if (roomId === undefined) throw new MatrixError('M_INVALID_PARAM', 'This is neither a room id nor an alias')
    await useThirdPartySigned(rooms, roomId, caller.userId, body)
    await rooms.changeMembership({
      roomId,
      sender: caller.userId,
      target: caller.userId,
      action: 'join',
      servers: [...given, ...(target?.servers ?? [])],
      ...joinContent(body),
    })
    return { room_id: roomId }
  },
})
