import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { AccountDataEvents } from '../../users/account-data/account-data-events.ts'
import { ownUser } from '../own-user.ts'

export const getAccountData = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/user/{userId}/account_data/{type}',
  also: ['/_matrix/client/r0/user/{userId}/account_data/{type}'],
  summary: 'Tell a piece of account data for the account as a whole.',
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { accountDataEvents }: { readonly accountDataEvents: AccountDataEvents }) {
    const userId = ownUser(caller, params.userId)
    const content = await accountDataEvents.content({ userId, roomId: '', type: params.type })
    if (content === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no account data of this type')
    return jsonReply(content)
  },
})
