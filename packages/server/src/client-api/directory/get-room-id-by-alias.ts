import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

/** GET /directory/room/{roomAlias}. Client-Server API, "Room aliases". */
export const getRoomIdByAlias = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/directory/room/{roomAlias}',
  also: ['/_matrix/client/r0/directory/room/{roomAlias}'],
  summary: 'Where an alias leads.',
  auth: 'none',
  limit: 'read',

  async handle({ params }, { roomDirectory }: { readonly roomDirectory: RoomDirectory }) {
    const target = await roomDirectory.resolve(params.roomAlias)
    return { room_id: target.roomId, servers: target.servers }
  },
})
