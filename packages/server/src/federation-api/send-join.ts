import { Type } from '../http/type.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { takeMembership } from './take-membership.ts'

/** PUT /v2/send_join/{roomId}/{eventId}. Server-Server API, "Joining Rooms". */
export const sendJoin = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v2/send_join/{roomId}/{eventId}',
  summary: 'Take in the join of a user of the asking server, and give the room.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,
  query: Type.Object({ omit_members: Type.Optional(Type.Boolean()) }),

  async handle({ caller, params, query }, { rooms }: { readonly rooms: Rooms }) {
    const answer = await takeMembership(rooms, { caller, params }, { membership: 'join', omitMembers: query.omit_members === true })
    return jsonReply(answer)
  },
})

/** PUT /v1/send_join/{roomId}/{eventId}: the same, its answer behind a status code. Server-Server API, "Joining Rooms". */
export const sendJoinV1 = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/send_join/{roomId}/{eventId}',
  summary: 'Take in the join of a user of the asking server, in the older form.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    const answer = await takeMembership(rooms, { caller, params }, { membership: 'join' })
    return jsonReply(`[200,${answer}]`)
  },
})
