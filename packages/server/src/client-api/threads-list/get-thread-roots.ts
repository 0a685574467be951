import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { relationsPageDefault } from '../../rooms/relations/limits.ts'
import { readThreads } from '../../rooms/relations/read-threads.ts'
import type { Sync } from '../../sync/sync.ts'
import { placeOfToken } from '../../sync/token-place.ts'
import { readingOf } from '../reading-of.ts'

/** GET /rooms/{roomId}/threads. Client-Server API, "Querying threads in a room". */
export const getThreadRoots = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/rooms/{roomId}/threads',
  summary: "Give a page of a room's threads, those with the newest replies first.",
  auth: 'user',
  limit: 'read',
  query: Type.Object({
    include: Type.Optional(Type.Union([Type.Literal('all'), Type.Literal('participated')])),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    from: Type.Optional(Type.String({ maxLength: 1024 })),
  }),

  async handle({ caller, params, query }, { reading, sync }: { readonly reading: ReadingPorts; readonly sync: Sync }) {
    const { roomId } = params
    const { from } = query
    const { chunk, next } = await readThreads(reading, roomId, caller.userId, readingOf(caller, reading.clock), {
      from: from === undefined || from === '' ? undefined : await placeOfToken(reading, sync.tokens, roomId, from, 'late'),
      limit: query.limit ?? relationsPageDefault,
      participated: query.include === 'participated',
    })
    const nextBatch = next === undefined ? '' : `,"next_batch":${JSON.stringify(sync.tokens.place(next))}`
    return jsonReply(`{"chunk":[${chunk.join(',')}]${nextBatch}}`)
  },
})
