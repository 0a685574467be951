import { parseUserId, serverOf, type ServerName } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import type { Profiles } from '../users/profiles/profiles.ts'

/** GET /_matrix/federation/v1/query/profile. Server-Server API, "Querying for information". */
export const queryProfile = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/query/profile',
  summary: 'The profile of one of our users, or one field of it.',
  auth: 'server',
  limit: 'federation',
  query: Type.Object({ user_id: Type.String(), field: Type.Optional(Type.String()) }),

  async handle({ query }, { profiles, serverName }: { readonly profiles: Profiles; readonly serverName: ServerName }) {
    const userId = parseUserId(query.user_id)
    if (userId === undefined) throw new MatrixError('M_INVALID_PARAM', 'user_id is no user id')
    if (serverOf(userId) !== serverName) throw new MatrixError('M_NOT_FOUND', 'The user is not of this server')
    return query.field === undefined ? profiles.local(userId) : profiles.localPart(userId, query.field)
  },
})
