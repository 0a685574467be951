import { endpoint } from '../http/endpoint.ts'
import { makeMembership, type ServePorts } from '../rooms/membership/serve-membership.ts'

/** GET /make_leave/{roomId}/{userId}. Server-Server API, "Leaving Rooms (Rejecting Invites)". */
export const makeLeave = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/make_leave/{roomId}/{userId}',
  summary: 'A template for the leave of a user of the asking server.',
  auth: 'server',
  limit: 'federation_join',

  async handle({ caller, params }, { servePorts }: { readonly servePorts: ServePorts }) {
    const { roomVersion, event } = await makeMembership(servePorts, {
      origin: caller.serverName,
      roomId: params.roomId,
      userId: params.userId,
      membership: 'leave',
      versions: undefined,
    })
    return { room_version: roomVersion, event }
  },
})
