import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

/** GET /directory/list/room/{roomId}. Client-Server API, "Listing rooms". */
export const getRoomVisibilityOnDirectory = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/directory/list/room/{roomId}',
  also: ['/_matrix/client/r0/directory/list/room/{roomId}'],
  summary: 'Is a room in the public directory?',
  auth: 'none',
  limit: 'read',

  async handle({ params }, { roomDirectory }: { readonly roomDirectory: RoomDirectory }) {
    return { visibility: (await roomDirectory.isPublished(params.roomId)) ? 'public' : 'private' }
  },
})
