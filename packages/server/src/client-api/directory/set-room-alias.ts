import { parseRoomId } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

/** PUT /directory/room/{roomAlias}. Client-Server API, "Room aliases". */
export const setRoomAlias = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/directory/room/{roomAlias}',
  also: ['/_matrix/client/r0/directory/room/{roomAlias}'],
  summary: 'Give a room an alias of this server.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ room_id: Type.String() }),

  async handle({ caller, params, body }, { roomDirectory }: { readonly roomDirectory: RoomDirectory }) {
    const roomId = parseRoomId(body.room_id)
    if (roomId === undefined) throw new MatrixError('M_INVALID_PARAM', 'room_id is no room id')
    await roomDirectory.add(params.roomAlias, roomId, caller.userId)
    return {}
  },
})
