import type { ReadMarkers } from '../../ephemeral/read-markers.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'

/** POST /rooms/{roomId}/receipt/{receiptType}/{eventId}. Client-Server API, "Receipts". */
export const postReceipt = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}',
  also: ['/_matrix/client/r0/rooms/{roomId}/receipt/{receiptType}/{eventId}'],
  summary: 'Mark what the caller has read.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ thread_id: Type.Optional(Type.Unknown()) }),

  async handle({ caller, params, body }, { readMarkers }: { readonly readMarkers: ReadMarkers }) {
    const { roomId, receiptType: type, eventId } = params
    await readMarkers.set({ roomId, userId: caller.userId, type, eventId, thread: threadOf(body.thread_id) })
    return {}
  },
})

/** '' for none. */
function threadOf(thread: unknown): string {
  if (thread === undefined) return ''
  if (typeof thread !== 'string' || thread === '' || thread.length > 255) {
    throw new MatrixError('M_INVALID_PARAM', 'thread_id must be an event id or main')
  }
  return thread
}
