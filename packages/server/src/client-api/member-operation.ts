import { parseUserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint, type Endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import type { MembershipArguments } from '../rooms/room-methods.ts'
import type { Rooms } from '../rooms/rooms.ts'

/** What one user does to another's membership, as the specification names it. */
interface MemberOperation {
  readonly action: 'kick' | 'ban' | 'unban'
  readonly summary: string
}

/** POST /rooms/{roomId}/kick, ban or unban: they differ in nothing but the membership that comes of them. */
export function memberOperation({ action, summary }: MemberOperation): Endpoint<{ readonly rooms: Rooms }> {
  return endpoint({
    method: 'POST',
    path: `/_matrix/client/v3/rooms/{roomId}/${action}`,
    also: [`/_matrix/client/r0/rooms/{roomId}/${action}`],
    summary,
    auth: 'user',
    limit: 'write',
    body: Type.Object({ user_id: Type.String(), reason: Type.Optional(Type.String({ maxLength: 5000 })) }),

    async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
      const target = parseUserId(body.user_id)
      if (target === undefined) throw new MatrixError('M_INVALID_PARAM', 'user_id is no user id')
      const change: MembershipArguments = { roomId: params.roomId, sender: caller.userId, target, action }
      await rooms.changeMembership(body.reason === undefined ? change : { ...change, reason: body.reason })
      return {}
    },
  })
}
