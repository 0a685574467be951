import type { UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Accounts } from '../../users/accounts/accounts.ts'

/** The local user that a name in a path means, a localpart or a whole id. Throws M_NOT_FOUND. */
export function namedUser(accounts: Accounts, name: string): UserId {
  const userId = accounts.named(name)
  if (userId === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such user')
  return userId
}
