import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Rooms } from '../../rooms/rooms.ts'

/** POST /rooms/{roomId}/leave. Client-Server API, "Leaving rooms". */
export const leaveRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/leave',
  also: ['/_matrix/client/r0/rooms/{roomId}/leave'],
  summary: 'Leave a room, decline an invite to it, or take a knock on it back.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 5000 })) }),

  async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
    await rooms.changeMembership({
      roomId: params.roomId,
      sender: caller.userId,
      target: caller.userId,
      action: 'leave',
      ...(body.reason === undefined ? {} : { reason: body.reason }),
    })
    return {}
  },
})
