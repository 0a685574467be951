import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

/** PUT /directory/list/room/{roomId}. Client-Server API, "Listing rooms". */
export const setRoomVisibilityOnDirectory = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/directory/list/room/{roomId}',
  also: ['/_matrix/client/r0/directory/list/room/{roomId}'],
  summary: 'Put a room into the public directory, or take it out.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])) }),

  async handle({ caller, params, body }, { roomDirectory }: { readonly roomDirectory: RoomDirectory }) {
    await roomDirectory.publish(params.roomId, caller.userId, caller.admin, (body.visibility ?? 'public') === 'public')
    return {}
  },
})
