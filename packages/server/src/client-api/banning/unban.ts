import { parseUserId } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Rooms } from '../../rooms/rooms.ts'

/** POST /rooms/{roomId}/unban. Client-Server API, "Room membership". */
export const unban = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/unban',
  also: ['/_matrix/client/r0/rooms/{roomId}/unban'],
  summary: 'Let somebody come back who was banned.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ user_id: Type.String(), reason: Type.Optional(Type.String({ maxLength: 5000 })) }),

  async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
    const target = parseUserId(body.user_id)
    if (target === undefined) throw new MatrixError('M_INVALID_PARAM', 'user_id is no user id')
    await rooms.changeMembership({
      roomId: params.roomId,
      sender: caller.userId,
      target,
      action: 'unban',
      ...(body.reason === undefined ? {} : { reason: body.reason }),
    })
    return {}
  },
})
