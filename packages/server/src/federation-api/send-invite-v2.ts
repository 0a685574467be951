import { canonicalJson, isJsonObject } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { bodyObject } from './send-transaction.ts'

/** PUT /v2/invite/{roomId}/{eventId}. Server-Server API, "Inviting to a room". */
export const sendInviteV2 = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v2/invite/{roomId}/{eventId}',
  summary: 'Take in an invite to one of our users.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    const body = bodyObject(caller)
    const { room_version: roomVersion, event, invite_room_state: stripped } = body
    if (typeof roomVersion !== 'string') throw new MatrixError('M_BAD_JSON', 'room_version must be a string')
    if (!isJsonObject(event)) throw new MatrixError('M_BAD_JSON', 'event must be an object')
    const signed = await rooms.receiveInvite({
      origin: caller.serverName,
      roomId: params.roomId,
      eventId: params.eventId,
      roomVersion,
      event: canonicalJson(event),
      ...(stripped === undefined ? {} : { strippedState: canonicalJson(stripped) }),
    })
    return jsonReply(`{"event":${signed.event}}`)
  },
})
