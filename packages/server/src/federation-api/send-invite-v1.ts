import { canonicalJson, isJsonObject, type JsonValue } from '@causeway/events'
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
      roomVersion: versionOf(stripped),
      event: canonicalJson(event),
      ...(stripped === undefined ? {} : { strippedState: canonicalJson(stripped) }),
    })
    return jsonReply(`[200,{"event":${signed.event}}]`)
  },
})

/** The older form "must assume that the room version is either 1 or 2": which of them, the create event tells. */
function versionOf(stripped: JsonValue | undefined): '1' | '2' {
  const entries = Array.isArray(stripped) ? stripped : []
  const create = entries.find((entry) => isJsonObject(entry) && entry['type'] === 'm.room.create' && entry['state_key'] === '')
  const content = isJsonObject(create) ? create['content'] : undefined
  return isJsonObject(content) && content['room_version'] === '2' ? '2' : '1'
}
