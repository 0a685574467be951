import { isJsonObject } from '@causeway/events'
import { endpoint } from '../http/endpoint.ts'
import { receiveInvite, type InvitePorts } from '../rooms/membership/invites.ts'
import { bodyObject } from './send-transaction.ts'

/** PUT /v1/invite/{roomId}/{eventId}, for rooms of versions 1 and 2. Server-Server API, "Inviting to a room". */
export const sendInviteV1 = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/invite/{roomId}/{eventId}',
  summary: 'Take in an invite to one of our users, in the older form.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { invitePorts }: { readonly invitePorts: InvitePorts }) {
    const event = bodyObject(caller)
    const unsigned = isJsonObject(event['unsigned']) ? event['unsigned'] : {}
    const signed = await receiveInvite(invitePorts, {
      origin: caller.serverName,
      roomId: params.roomId,
      eventId: params.eventId,
      // The older form tells no version: it is for rooms whose events name themselves.
      roomVersion: '1',
      event,
      strippedState: unsigned['invite_room_state'],
    })
    return [200, { event: signed.object }]
  },
})
