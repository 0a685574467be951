import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import { readMembers } from '../../rooms/history/read-state.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import type { Sync } from '../../sync/sync.ts'
import { livePosOfToken } from '../../sync/token-place.ts'
import { readingOf } from '../reading-of.ts'

const membership = Type.Union([
  Type.Literal('join'),
  Type.Literal('invite'),
  Type.Literal('knock'),
  Type.Literal('leave'),
  Type.Literal('ban'),
])

/** GET /rooms/{roomId}/members. Client-Server API, "Getting events for a room". */
export const getMembersByRoom = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/members',
  also: ['/_matrix/client/r0/rooms/{roomId}/members'],
  summary: "Give a room's member events.",
  auth: 'user',
  limit: 'read',
  query: Type.Object({
    at: Type.Optional(Type.String({ maxLength: 1024 })),
    membership: Type.Optional(membership),
    not_membership: Type.Optional(membership),
  }),

  async handle({ caller, params, query }, { reading, sync }: { readonly reading: ReadingPorts; readonly sync: Sync }) {
    const at = query.at === undefined || query.at === '' ? undefined : await livePosOfToken(reading, sync.tokens, params.roomId, query.at)
    const wish = { membership: query.membership, notMembership: query.not_membership, at }
    const members = await readMembers(reading, params.roomId, caller.userId, readingOf(caller, reading.clock), wish)
    return jsonReply(`{"chunk":[${members.join(',')}]}`)
  },
})
