import { canonicalJson, isJsonObject } from '@causeway/events'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { bodyObject } from './send-transaction.ts'

/** PUT /v1/invite/{roomId}/{eventId}, for rooms of versions 1 and 2. Server-Server API, "Inviting to a room". */
export const sendInviteV1 = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/invite/{roomId}/{eventId}',
  summary: 'Take in an invite to one of our users, in the older form.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    const event = bodyObject(caller)
    const unsigned = isJsonObject(event['unsigned']) ? event['unsigned'] : {}
    const stripped = unsigned['invite_room_state']
    const signed = await rooms.receiveInvite({
      origin: caller.serverName,
      roomId: params.roomId,
      eventId: params.eventId,
      // The older form tells no version: it is for rooms whose events name themselves.
      roomVersion: '1',
      event: canonicalJson(event),
      ...(stripped === undefined ? {} : { strippedState: canonicalJson(stripped) }),
    })
    return jsonReply(`[200,{"event":${signed.event}}]`)
  },
})
