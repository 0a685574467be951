import { localpartOf } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Accounts } from '../../users/accounts/accounts.ts'

export const createUser = endpoint({
  method: 'POST',
  path: '/_causeway/v1/users',
  summary: 'Make an account.',
  auth: 'socket',
  limit: 'none',
  body: Type.Object({ name: Type.String(), password: Type.Optional(Type.String()), admin: Type.Optional(Type.Boolean()) }),
  async handle({ body }, { accounts }: { readonly accounts: Accounts }) {
    const named = body.name.startsWith('@') ? accounts.named(body.name) : undefined
    if (body.name.startsWith('@') && named === undefined) throw new MatrixError('M_INVALID_USERNAME', "this is another server's user")
    const username = named === undefined ? body.name : localpartOf(named)
    const { userId } = await accounts.create({ username, password: body.password, admin: body.admin ?? false })
    return { user_id: userId }
  },
})
