import { canonicalJson } from '@causeway/events'
import { endpoint } from '../http/endpoint.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { bodyObject } from './send-transaction.ts'

/** PUT /v2/send_leave/{roomId}/{eventId}. Server-Server API, "Leaving Rooms (Rejecting Invites)". */
export const sendLeave = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v2/send_leave/{roomId}/{eventId}',
  summary: 'Take in that a user of the asking server leaves, or declines an invite.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    await rooms.sendMembership({
      origin: caller.serverName,
      roomId: params.roomId,
      eventId: params.eventId,
      membership: 'leave',
      body: canonicalJson(bodyObject(caller)),
    })
    return {}
  },
})
