import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { takeMembership } from './take-membership.ts'

/** PUT /v2/send_leave/{roomId}/{eventId}. Server-Server API, "Leaving Rooms (Rejecting Invites)". */
export const sendLeave = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v2/send_leave/{roomId}/{eventId}',
  summary: 'Take in that a user of the asking server leaves, or declines an invite.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    await takeMembership(rooms, { caller, params }, { membership: 'leave' })
    return {}
  },
})

/** PUT /v1/send_leave/{roomId}/{eventId}: the same, its answer behind a status code. Server-Server API, "Leaving Rooms". */
export const sendLeaveV1 = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/send_leave/{roomId}/{eventId}',
  summary: 'Take in that a user of the asking server leaves, or declines an invite, in the older form.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    await takeMembership(rooms, { caller, params }, { membership: 'leave' })
    return jsonReply('[200,{}]')
  },
})
