import { endpoint } from '../../http/endpoint.ts'
import type { Filters } from '../../users/filters/filters.ts'
import { syncFilterSchema } from '../../users/filters/sync-filter.ts'
import { ownUser } from '../own-user.ts'

export const defineFilter = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/user/{userId}/filter',
  also: ['/_matrix/client/r0/user/{userId}/filter'],
  summary: 'Leave a filter with the server.',
  auth: 'user',
  limit: 'write',
  body: syncFilterSchema,
  async handle({ caller, params, body }, { filters }: { readonly filters: Filters }) {
    return { filter_id: await filters.define(ownUser(caller, params.userId), body) }
  },
})
