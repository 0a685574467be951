import type { UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { UserCaller } from '../http/caller.ts'

/** The user that the path names, who must be the caller. Throws M_FORBIDDEN. */
export function ownUser(caller: UserCaller, userId: UserId): UserId {
  if (caller.userId !== userId) throw new MatrixError('M_FORBIDDEN', "this is another user's")
  return userId
}
