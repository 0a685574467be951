import type { EventId, RoomId } from '@causeway/events'
import type { UserCaller } from '../../http/caller.ts'
import { Type, type Static } from '../../http/type.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { relationsPageDefault } from '../../rooms/relations/limits.ts'
import { readRelations } from '../../rooms/relations/read-relations.ts'
import type { Sync } from '../../sync/sync.ts'
import { placeOfToken } from '../../sync/token-place.ts'
import { readingOf } from '../reading-of.ts'

/** The query of the three operations that give what relates to an event. */
export const relationsQuery = Type.Object({
  from: Type.Optional(Type.String({ maxLength: 1024 })),
  to: Type.Optional(Type.String({ maxLength: 1024 })),
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  dir: Type.Optional(Type.Union([Type.Literal('b'), Type.Literal('f')])),
  recurse: Type.Optional(Type.Boolean()),
})

/** Their answer as JSON. */
export async function relationsReply(
  { reading, sync }: { readonly reading: ReadingPorts; readonly sync: Sync },
  caller: UserCaller,
  params: { readonly roomId: RoomId; readonly eventId: EventId; readonly relType?: string; readonly eventType?: string },
  query: Static<typeof relationsQuery>,
): Promise<string> {
  const { roomId, eventId, relType, eventType } = params
  const direction = query.dir ?? 'b'
  const placeOf = (token: string | undefined, end: 'early' | 'late') =>
    token === undefined || token === '' ? undefined : placeOfToken(reading, sync.tokens, roomId, token, end)
  const page = await readRelations(reading, roomId, caller.userId, readingOf(caller, reading.clock), {
    eventId,
    relType,
    eventType,
    direction,
    from: await placeOf(query.from, direction === 'b' ? 'late' : 'early'),
    to: await placeOf(query.to, direction === 'b' ? 'early' : 'late'),
    limit: Math.max(1, query.limit ?? relationsPageDefault),
    recurse: query.recurse ?? false,
  })
  const members = [`"chunk":[${page.chunk.join(',')}]`]
  if (page.next !== undefined) members.push(`"next_batch":${JSON.stringify(sync.tokens.place(page.next))}`)
  if (query.from !== undefined && query.from !== '') members.push(`"prev_batch":${JSON.stringify(query.from)}`)
  if (page.recursionDepth !== undefined) members.push(`"recursion_depth":${page.recursionDepth}`)
  return `{${members.join(',')}}`
}
