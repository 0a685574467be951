import { Type } from '../http/type.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import { joinAnswer, sendMembership, type ServePorts } from '../rooms/membership/serve-membership.ts'
import { bodyObject } from './send-transaction.ts'

/** PUT /v2/send_join/{roomId}/{eventId}. Server-Server API, "Joining Rooms". */
export const sendJoin = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v2/send_join/{roomId}/{eventId}',
  summary: 'Take in the join of a user of the asking server, and give the room.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,
  query: Type.Object({ omit_members: Type.Optional(Type.Boolean()) }),

  async handle({ caller, params, query }, { servePorts }: { readonly servePorts: ServePorts }) {
    const served = await sendMembership(servePorts, {
      origin: caller.serverName,
      roomId: params.roomId,
      eventId: params.eventId,
      membership: 'join',
      body: bodyObject(caller),
    })
    return jsonReply(await joinAnswer(servePorts, served, { omitMembers: query.omit_members === true }))
  },
})
