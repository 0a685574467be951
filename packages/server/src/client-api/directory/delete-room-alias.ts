import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'
import type { Rooms } from '../../rooms/rooms.ts'

/** DELETE /directory/room/{roomAlias}. Client-Server API, "Room aliases". */
export const deleteRoomAlias = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/directory/room/{roomAlias}',
  also: ['/_matrix/client/r0/directory/room/{roomAlias}'],
  summary: 'Take an alias away.',
  auth: 'user',
  limit: 'write',

  async handle({ caller, params }, { roomDirectory, rooms }: { readonly roomDirectory: RoomDirectory; readonly rooms: Rooms }) {
    const change = await roomDirectory.remove(params.roomAlias, caller.userId, caller.admin)
    if (change !== undefined) {
      const { roomId, canonical: content } = change
      await rooms.send({ roomId, sender: caller.userId, type: 'm.room.canonical_alias', stateKey: '', content })
    }
    return {}
  },
})
