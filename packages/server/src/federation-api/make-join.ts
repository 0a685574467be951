import { Type } from '../http/type.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'

/** GET /make_join/{roomId}/{userId}. Server-Server API, "Joining Rooms". */
export const makeJoin = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/make_join/{roomId}/{userId}',
  summary: 'A template for the join of a user of the asking server.',
  auth: 'server',
  limit: 'federation_join',
  query: Type.Object({ ver: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })) }),

  async handle({ caller, params, query }, { rooms }: { readonly rooms: Rooms }) {
    const { roomVersion, event } = await rooms.makeMembership({
      origin: caller.serverName,
      roomId: params.roomId,
      userId: params.userId,
      membership: 'join',
      versions: query.ver ?? ['1'],
    })
    return jsonReply(`{"room_version":${JSON.stringify(roomVersion)},"event":${event}}`)
  },
})
