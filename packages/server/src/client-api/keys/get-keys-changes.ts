import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { Database } from '../../storage/database.ts'
import type { DeviceListStream } from '../../e2ee/device-list-stream.ts'
import type { Sync } from '../../sync/sync.ts'
import type { StreamPoint } from '../../sync/stream-token.ts'

interface Services {
  readonly sync: Sync
  readonly deviceListStream: DeviceListStream
  readonly db: Pick<Database, 'positions'>
}

/**
 * GET /keys/changes. Client-Server API, "Key management API". `to` is only a hint: of each user the newest change alone is kept, and who
 * changed before `to` and again after it is to be told of here too.
 */
export const getKeysChanges = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/keys/changes',
  also: ['/_matrix/client/r0/keys/changes'],
  summary: 'Tell whose devices changed between two answers of /sync.',
  auth: 'user',
  limit: 'read',
  query: Type.Object({ from: Type.String({ maxLength: 1024 }), to: Type.String({ maxLength: 1024 }) }),

  async handle({ caller, query }, { sync, deviceListStream, db }: Services) {
    const [from, to] = [pointOf(sync, query.from, 'from'), pointOf(sync, query.to, 'to')]
    const upTo = new Map(to.positions)
    for (const [slot, position] of db.positions()) upTo.set(slot, Math.max(position, upTo.get(slot) ?? 0))
    return deviceListStream.between(caller.userId, from.positions, upTo)
  },
})

/** A token of before a restore says nothing that is still known: everything since the beginning counts. */
function pointOf(sync: Sync, text: string, name: string): StreamPoint {
  const token = sync.tokens.parse(text)
  if (token?.kind === 'stream') return token.point
  if (token?.kind === 'outdated') return { positions: new Map(), typing: 0 }
  throw new MatrixError('M_INVALID_PARAM', `${name} is no token of /sync`)
}
