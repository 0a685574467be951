import { parseEventId } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'

/** PUT /rooms/{roomId}/send/{eventType}/{txnId}. Client-Server API, "Sending events to a room". */
export const sendMessage = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}',
  also: ['/_matrix/client/r0/rooms/{roomId}/send/{eventType}/{txnId}'],
  summary: 'Send a message event to a room.',
  auth: 'user',
  limit: 'write',
  body: Type.Record(Type.String(), Type.Unknown()),

  async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
    refuseSuspended(caller)
    const { roomId, eventType: type, txnId } = params
    const { redacts } = body
    const { eventId } = await rooms.send({
      roomId,
      sender: caller.userId,
      type,
      content: body,
      ...(type === 'm.room.redaction' && typeof redacts === 'string' ? redactionTarget(redacts) : {}),
      transaction: { key: { session: caller.sessionId, operation: 'send', parts: [roomId, type, txnId] }, txnId },
    })
    return { event_id: eventId }
  },
})

/** What a redaction names, when it is an event id at all. */
export function redactionTarget(text: string) {
  const redacts = parseEventId(text)
  if (redacts === undefined) throw new MatrixError('M_INVALID_PARAM', 'redacts is no event id')
  return { redacts }
}
