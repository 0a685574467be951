import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Accounts } from '../../users/accounts/accounts.ts'
import { userJson } from './user-json.ts'

/** Accounts in one page, unless asked for fewer. */
const pageMax = 500

export const listUsers = endpoint({
  method: 'GET',
  path: '/_causeway/v1/users',
  summary: 'List the accounts by id.',
  auth: 'socket',
  limit: 'none',
  query: Type.Object({ from: Type.Optional(Type.String()), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageMax })) }),
  async handle({ query }, { accounts }: { readonly accounts: Accounts }) {
    const limit = query.limit ?? pageMax
    const users = await accounts.list(query.from?.replaceAll('\0', '') ?? '', limit)
    const last = users.length === limit ? users.at(-1) : undefined
    return { users: users.map(userJson), ...(last === undefined ? {} : { next: last.user_id }) }
  },
})
