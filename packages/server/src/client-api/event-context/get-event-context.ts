import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import { readContext } from '../../rooms/history/read-messages.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import type { Sync } from '../../sync/sync.ts'
import { filterOf, readingOf } from '../reading-of.ts'

/** GET /rooms/{roomId}/context/{eventId}. Client-Server API, "Event Context". */
export const getEventContext = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/rooms/{roomId}/context/{eventId}',
  also: ['/_matrix/client/r0/rooms/{roomId}/context/{eventId}'],
  summary: 'Give an event with those around it.',
  auth: 'user',
  limit: 'read',
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 0 })), filter: Type.Optional(Type.String()) }),

  async handle({ caller, params, query }, { reading, sync }: { readonly reading: ReadingPorts; readonly sync: Sync }) {
    const wish = { limit: query.limit ?? 10, filter: filterOf(query.filter) }
    const context = await readContext(reading, params.roomId, params.eventId, caller.userId, readingOf(caller, reading.clock), wish)
    const start = JSON.stringify(sync.tokens.place(context.start))
    const end = JSON.stringify(sync.tokens.place(context.end))
    return jsonReply(
      `{"start":${start},"end":${end},"event":${context.event},"events_before":[${context.before.join(',')}],` +
        `"events_after":[${context.after.join(',')}],"state":[${context.state.join(',')}]}`,
    )
  },
})
