import { parseUserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { Rooms } from '../../rooms/rooms.ts'

interface Services {
  readonly rooms: Rooms
  readonly clientFacts: { readonly defaultRoomVersion: string }
}

export const upgradeRoom = endpoint({
  method: 'POST',
  path: '/_causeway/v1/rooms/{roomId}/upgrade',
  summary: 'Put a room of another version in the place of one, in the name of a member who may do that.',
  auth: 'socket',
  limit: 'none',
  body: Type.Object({ new_version: Type.Optional(Type.String()), user_id: Type.Optional(Type.String()) }),
  async handle({ params, body }, { rooms, clientFacts }: Services) {
    const { roomId } = params
    const sender = body.user_id === undefined ? await rooms.upgrader(roomId) : parseUserId(body.user_id)
    if (sender === undefined) {
      const error = body.user_id === undefined ? 'none of our users may upgrade this room' : 'user_id is no user id'
      throw new MatrixError(body.user_id === undefined ? 'M_FORBIDDEN' : 'M_INVALID_PARAM', error)
    }
    const newVersion = body.new_version ?? clientFacts.defaultRoomVersion
    const replacement = await rooms.upgrade({ roomId, sender, newVersion, additionalCreators: [] })
    return { room_id: roomId, replacement_room: replacement, user_id: sender }
  },
})
