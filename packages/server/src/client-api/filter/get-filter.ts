import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { Filters } from '../../users/filters/filters.ts'
import { ownUser } from '../own-user.ts'

export const getFilter = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/user/{userId}/filter/{filterId}',
  also: ['/_matrix/client/r0/user/{userId}/filter/{filterId}'],
  summary: 'Tell a filter that was left with the server.',
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { filters }: { readonly filters: Filters }) {
    const filter = await filters.find(ownUser(caller, params.userId), params.filterId)
    if (filter === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such filter')
    return jsonReply(filter)
  },
})
