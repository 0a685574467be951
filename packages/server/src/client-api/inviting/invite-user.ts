import { parseUserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { MembershipArguments } from '../../rooms/room-methods.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { addressFields } from './address-invite.ts'

/** POST /rooms/{roomId}/invite, of a user or of whoever has an address. Client-Server API, "Room membership", "Third-party invites". */
export const inviteUser = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/invite',
  also: ['/_matrix/client/r0/rooms/{roomId}/invite'],
  summary: 'Invite somebody to a room.',
  auth: 'user',
  limit: 'join',
  body: Type.Object({
    user_id: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String({ maxLength: 5000 })),
    id_server: Type.Optional(addressFields.id_server),
    id_access_token: Type.Optional(addressFields.id_access_token),
    medium: Type.Optional(addressFields.medium),
    address: Type.Optional(addressFields.address),
  }),

  async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
    refuseSuspended(caller)
    const { roomId } = params
    const sender = caller.userId
    if (body.user_id !== undefined) {
      const target = parseUserId(body.user_id)
      if (target === undefined) throw new MatrixError('M_INVALID_PARAM', 'user_id is no user id')
      const change: MembershipArguments = { roomId, sender, target, action: 'invite' }
      await rooms.changeMembership(body.reason === undefined ? change : { ...change, reason: body.reason })
      return {}
    }
    const { id_server: idServer, id_access_token: idAccessToken, medium, address } = body
    if (idServer === undefined || idAccessToken === undefined || medium === undefined || address === undefined) {
      throw new MatrixError('M_MISSING_PARAM', 'user_id is missing, or one of id_server, id_access_token, medium and address')
    }
    await rooms.inviteAddress({ roomId, sender, idServer, idAccessToken, medium, address })
    return {}
  },
})
