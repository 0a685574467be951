import { serverOf, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Accounts, Standing } from '../../users/accounts/accounts.ts'
import type { ClientFactsService } from '../client-facts.ts'

/** What the operations on other people's accounts need. */
export interface ModerationServices extends ClientFactsService {
  readonly accounts: Accounts
}

/**
 * The standing of an account that an administrator may moderate. Throws M_INVALID_PARAM for another server's, M_NOT_FOUND,
 * and M_FORBIDDEN for an administrator's.
 */
export async function moderatedUser({ accounts, clientFacts }: ModerationServices, userId: UserId): Promise<Standing> {
  if (serverOf(userId) !== clientFacts.serverName) throw new MatrixError('M_INVALID_PARAM', 'the user does not belong to this server')
  const standing = await accounts.standing(userId)
  if (standing.admin) throw new MatrixError('M_FORBIDDEN', "an administrator's account can't be locked or suspended")
  return standing
}
