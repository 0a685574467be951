import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { readJoinedMembers } from '../../rooms/history/read-state.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'

/** GET /rooms/{roomId}/joined_members. Client-Server API, "Getting events for a room". */
export const getJoinedMembersByRoom = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/joined_members',
  also: ['/_matrix/client/r0/rooms/{roomId}/joined_members'],
  summary: "Give a room's joined members with their profiles.",
  auth: 'user',
  limit: 'read',

  async handle({ caller, params }, { reading }: { readonly reading: ReadingPorts }) {
    return jsonReply(`{"joined":${await readJoinedMembers(reading, params.roomId, caller.userId)}}`)
  },
})
