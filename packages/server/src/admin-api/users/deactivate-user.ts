import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Accounts } from '../../users/accounts/accounts.ts'
import type { Deactivation } from '../../users/accounts/deactivate.ts'
import { namedUser } from './named-user.ts'

interface Services {
  readonly accounts: Accounts
  readonly deactivation: Deactivation
}

export const deactivateUser = endpoint({
  method: 'POST',
  path: '/_causeway/v1/users/{name}/deactivate',
  summary: 'End an account for ever.',
  auth: 'socket',
  limit: 'none',
  body: Type.Object({ erase: Type.Optional(Type.Boolean()) }),
  async handle({ params, body }, { accounts, deactivation }: Services) {
    const userId = namedUser(accounts, params.name)
    await deactivation.deactivate(userId, body.erase ?? false)
    return { user_id: userId }
  },
})
