import { endpoint } from '../../http/endpoint.ts'
import { MatrixError } from '../../errors.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import { requireAccess } from '../../rooms/history/room-access.ts'
import { readMessages } from '../../rooms/history/read-messages.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import type { Sync } from '../../sync/sync.ts'
import { placeOfToken } from '../../sync/token-place.ts'
import { filterOf, readingOf } from '../reading-of.ts'

/** GET /rooms/{roomId}/messages. Client-Server API, "Getting events for a room". */
export const getRoomEvents = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/messages',
  also: ['/_matrix/client/r0/rooms/{roomId}/messages'],
  summary: "Give a page of a room's history.",
  auth: 'user',
  limit: 'read',
  query: Type.Object({
    dir: Type.Optional(Type.Union([Type.Literal('b'), Type.Literal('f')])),
    from: Type.Optional(Type.String({ maxLength: 1024 })),
    to: Type.Optional(Type.String({ maxLength: 1024 })),
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    filter: Type.Optional(Type.String()),
  }),

  async handle({ caller, params, query }, { reading, sync }: { readonly reading: ReadingPorts; readonly sync: Sync }) {
    const { roomId } = params
    const { dir: direction } = query
    if (direction === undefined) {
      // Whoever may not read the room learns that first: they have nothing to mend in their request.
      await requireAccess(reading.engine, roomId, caller.userId)
      throw new MatrixError('M_MISSING_PARAM', 'query parameter dir is missing')
    }
    const placeOf = (token: string | undefined, end: 'early' | 'late') =>
      token === undefined || token === '' ? undefined : placeOfToken(reading, sync.tokens, roomId, token, end)
    const page = await readMessages(reading, roomId, caller.userId, readingOf(caller, reading.clock), {
      direction,
      from: await placeOf(query.from, direction === 'b' ? 'late' : 'early'),
      to: await placeOf(query.to, direction === 'b' ? 'early' : 'late'),
      limit: Math.max(1, query.limit ?? 10),
      filter: filterOf(query.filter),
    })
    const start = query.from !== undefined && query.from !== '' ? query.from : sync.tokens.place(page.start)
    const end = page.end === undefined ? '' : `,"end":${JSON.stringify(sync.tokens.place(page.end))}`
    const state = page.state.length === 0 ? '' : `,"state":[${page.state.join(',')}]`
    return jsonReply(`{"start":${JSON.stringify(start)}${end},"chunk":[${page.chunk.join(',')}]${state}}`)
  },
})
