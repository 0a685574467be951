import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Accounts } from '../../users/accounts/accounts.ts'
import { namedUser } from './named-user.ts'

export const setUserPassword = endpoint({
  method: 'POST',
  path: '/_causeway/v1/users/{name}/password',
  summary: "Set an account's password and end its sessions.",
  auth: 'socket',
  limit: 'none',
  body: Type.Object({ password: Type.String() }),
  async handle({ params, body }, { accounts }: { readonly accounts: Accounts }) {
    const userId = namedUser(accounts, params.name)
    await accounts.setPassword(userId, body.password, {})
    return { user_id: userId }
  },
})
