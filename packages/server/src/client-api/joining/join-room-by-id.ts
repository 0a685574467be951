import { parseServerName, type ServerName } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { joinBody, joinContent, useThirdPartySigned } from './join-content.ts'

/** POST /rooms/{roomId}/join. Client-Server API, "Joining rooms". */
export const joinRoomById = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/join',
  also: ['/_matrix/client/r0/rooms/{roomId}/join'],
  summary: 'Join a room by its id.',
  auth: 'user',
  limit: 'join',
  query: Type.Object({ via: Type.Optional(Type.Array(Type.String())), server_name: Type.Optional(Type.Array(Type.String())) }),
  body: joinBody,

  async handle({ caller, params, query, body }, { rooms }: { readonly rooms: Rooms }) {
    refuseSuspended(caller)
    await useThirdPartySigned(rooms, params.roomId, caller.userId, body)
    await rooms.changeMembership({
      roomId: params.roomId,
      sender: caller.userId,
      target: caller.userId,
      action: 'join',
      servers: viaServers(query),
      ...joinContent(body),
    })
    return { room_id: params.roomId }
  },
})

/** The servers that a client says may help with a join; what is no server name is left out. */
export function viaServers(query: { readonly via?: readonly string[]; readonly server_name?: readonly string[] }): ServerName[] {
  return [...(query.via ?? []), ...(query.server_name ?? [])].flatMap((name) => parseServerName(name) ?? [])
}
