import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import { readStateEvent } from '../../rooms/history/read-state.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { readingOf } from '../reading-of.ts'

/** GET /rooms/{roomId}/state/{eventType}/{stateKey}. Client-Server API, "Getting events for a room". */
export const getRoomStateWithKey = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
  also: ['/_matrix/client/r0/rooms/{roomId}/state/{eventType}/{stateKey}'],
  lastParamMayBeEmpty: true,
  summary: "Give one piece of a room's state.",
  auth: 'user',
  limit: 'read',
  query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal('content'), Type.Literal('event')])) }),

  async handle({ caller, params, query }, { reading }: { readonly reading: ReadingPorts }) {
    const wanted = { type: params.eventType, stateKey: params.stateKey, whole: query.format === 'event' }
    return jsonReply(await readStateEvent(reading, params.roomId, caller.userId, readingOf(caller, reading.clock), wanted))
  },
})
