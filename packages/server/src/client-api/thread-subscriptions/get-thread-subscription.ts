import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { requireVisibleEvent } from '../../rooms/history/read-event.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { findThreadSubscription } from '../../storage/tables/thread-subscriptions.ts'

/** GET …/subscription. MSC4306; `eventId` is the thread's root. */
export const getThreadSubscription = endpoint({
  method: 'GET',
  path: '/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{eventId}/subscription',
  summary: 'Tell whether the user is subscribed to a thread.',
  auth: 'user',
  limit: 'read',

  async handle({ caller, params }, { reading }: { readonly reading: ReadingPorts }) {
    const { roomId, eventId } = params
    const { sight } = await requireVisibleEvent(reading, roomId, eventId, caller.userId)
    const row = await findThreadSubscription(reading.db, sight.view.room, eventId, caller.userId)
    if (row?.subscribed !== 1) throw new MatrixError('M_NOT_FOUND', 'You are not subscribed to this thread')
    return { automatic: row.automatic === 1 }
  },
})
