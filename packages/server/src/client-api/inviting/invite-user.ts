import { parseUserId } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'

/** POST /rooms/{roomId}/invite. Client-Server API, "Room membership". */
export const inviteUser = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/invite',
  also: ['/_matrix/client/r0/rooms/{roomId}/invite'],
  summary: 'Invite somebody to a room.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ user_id: Type.String(), reason: Type.Optional(Type.String({ maxLength: 5000 })) }),

  async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
    refuseSuspended(caller)
    const target = parseUserId(body.user_id)
    if (target === undefined) throw new MatrixError('M_INVALID_PARAM', 'user_id is no user id')
    await rooms.changeMembership({
      roomId: params.roomId,
      sender: caller.userId,
      target,
      action: 'invite',
      ...(body.reason === undefined ? {} : { reason: body.reason }),
    })
    return {}
  },
})
