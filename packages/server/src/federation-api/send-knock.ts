import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { takeMembership } from './take-membership.ts'

/** PUT /send_knock/{roomId}/{eventId}. Server-Server API, "Knocking upon a room". */
export const sendKnock = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/send_knock/{roomId}/{eventId}',
  summary: 'Take in the knock of a user of the asking server; gives what they may know of the room.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    const answer = await takeMembership(rooms, { caller, params }, { membership: 'knock' })
    return jsonReply(answer)
  },
})
