import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { checkAliases } from './check-aliases.ts'

/** PUT /rooms/{roomId}/state/{eventType}/{stateKey}. Client-Server API, "Sending events to a room". */
export const setRoomStateWithKey = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
  also: ['/_matrix/client/r0/rooms/{roomId}/state/{eventType}/{stateKey}'],
  lastParamMayBeEmpty: true,
  summary: 'Send a state event to a room.',
  auth: 'user',
  limit: 'write',
  body: Type.Record(Type.String(), Type.Unknown()),

  async handle({ caller, params, body }, services: { readonly rooms: Rooms; readonly roomDirectory: RoomDirectory }) {
    refuseSuspended(caller)
    const { roomId, eventType: type, stateKey } = params
    if (type === 'm.room.canonical_alias') await checkAliases(services.roomDirectory, roomId, body)
    const { eventId } = await services.rooms.send({ roomId, sender: caller.userId, type, stateKey, content: body })
    return { event_id: eventId }
  },
})
