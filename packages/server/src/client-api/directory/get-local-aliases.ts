import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

/** GET /rooms/{roomId}/aliases. Client-Server API, "Room aliases". */
export const getLocalAliases = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/aliases',
  summary: 'The aliases that this server has for a room.',
  auth: 'user',
  limit: 'read',

  async handle({ caller, params }, { roomDirectory }: { readonly roomDirectory: RoomDirectory }) {
    return { aliases: await roomDirectory.aliasesOf(params.roomId, caller.userId) }
  },
})
