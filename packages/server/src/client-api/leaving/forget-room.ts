import { endpoint } from '../../http/endpoint.ts'
import type { Rooms } from '../../rooms/rooms.ts'

/** POST /rooms/{roomId}/forget. Client-Server API, "Leaving rooms". */
export const forgetRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/forget',
  also: ['/_matrix/client/r0/rooms/{roomId}/forget'],
  summary: 'Stop remembering a room that was left.',
  auth: 'user',
  limit: 'write',

  handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    return rooms.forget(params.roomId, caller.userId)
  },
})
