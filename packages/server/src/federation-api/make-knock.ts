import { Type } from '../http/type.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'

/** GET /make_knock/{roomId}/{userId}. Server-Server API, "Knocking upon a room". */
export const makeKnock = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/make_knock/{roomId}/{userId}',
  summary: 'A template for the knock of a user of the asking server.',
  auth: 'server',
  limit: 'federation_join',
  query: Type.Object({ ver: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })) }),

  async handle({ caller, params, query }, { rooms }: { readonly rooms: Rooms }) {
    const { roomVersion, event } = await rooms.makeMembership({
      origin: caller.serverName,
      roomId: params.roomId,
      userId: params.userId,
      membership: 'knock',
      versions: query.ver ?? [],
    })
    return jsonReply(`{"room_version":${JSON.stringify(roomVersion)},"event":${event}}`)
  },
})
