import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { AccountData } from '../../users/account-data/account-data.ts'
import { ownUser } from '../own-user.ts'

export const setAccountData = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/user/{userId}/account_data/{type}',
  also: ['/_matrix/client/r0/user/{userId}/account_data/{type}'],
  summary: 'Keep a piece of account data for the account as a whole.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({}),
  async handle({ caller, params, body }, { accountData }: { readonly accountData: AccountData }) {
    const userId = ownUser(caller, params.userId)
    await accountData.put({ userId, roomId: '', type: params.type }, JSON.stringify(body))
    return {}
  },
})
