import { parseUserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { additionalCreatorsMax } from '../../rooms/upgrade/limits.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'

/** POST /rooms/{roomId}/upgrade. Client-Server API, "Room Upgrades". */
export const upgradeRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/upgrade',
  also: ['/_matrix/client/r0/rooms/{roomId}/upgrade'],
  summary: 'Put a room of another version in the place of one.',
  auth: 'user',
  limit: 'create',
  body: Type.Object({
    new_version: Type.String(),
    additional_creators: Type.Optional(Type.Array(Type.String(), { maxItems: additionalCreatorsMax })),
  }),

  async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
    refuseSuspended(caller)
    const additionalCreators = (body.additional_creators ?? []).map((entry) => {
      const userId = parseUserId(entry)
      if (userId === undefined) throw new MatrixError('M_INVALID_PARAM', 'additional_creators holds something that is no user id')
      return userId
    })
    const { roomId } = params
    const replacement = await rooms.upgrade({ roomId, sender: caller.userId, newVersion: body.new_version, additionalCreators })
    return { replacement_room: replacement }
  },
})
