import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'

/** GET /make_leave/{roomId}/{userId}. Server-Server API, "Leaving Rooms (Rejecting Invites)". */
export const makeLeave = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/make_leave/{roomId}/{userId}',
  summary: 'A template for the leave of a user of the asking server.',
  auth: 'server',
  limit: 'federation_join',

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    const { roomVersion, event } = await rooms.makeMembership({
      origin: caller.serverName,
      roomId: params.roomId,
      userId: params.userId,
      membership: 'leave',
      versions: undefined,
    })
    return jsonReply(`{"room_version":${JSON.stringify(roomVersion)},"event":${event}}`)
  },
})
