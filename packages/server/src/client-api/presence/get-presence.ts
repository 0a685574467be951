import { presenceContent } from '../../ephemeral/presence-edu.ts'
import type { Presence } from '../../ephemeral/presence.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { whoShareRooms } from '../../storage/tables/presence.ts'

/** GET /presence/{userId}/status. Client-Server API, "Presence". */
export const getPresence = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/presence/{userId}/status',
  also: ['/_matrix/client/r0/presence/{userId}/status'],
  summary: 'Tell whether somebody with whom the caller shares a room is there.',
  auth: 'user',
  limit: 'read',

  async handle(
    { caller, params },
    { db, clock, presence }: { readonly db: Database; readonly clock: Clock; readonly presence: Presence | undefined },
  ) {
    const { userId } = params
    const mayKnow = userId === caller.userId || (await whoShareRooms(db, caller.userId, [userId])).has(userId)
    if (!mayKnow) throw new MatrixError('M_FORBIDDEN', 'You share no room with this user')
    const state = presence?.of(userId)
    return state === undefined ? { presence: 'offline' } : presenceContent(state, clock.now())
  },
})
