import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'

/** PUT /rooms/{roomId}/redact/{eventId}/{txnId}. Client-Server API, "Redactions". */
export const redactEvent = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}',
  also: ['/_matrix/client/r0/rooms/{roomId}/redact/{eventId}/{txnId}'],
  summary: 'Take the content out of an event.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 5000 })) }),

  async handle({ caller, params, body }, { rooms }: { readonly rooms: Rooms }) {
    refuseSuspended(caller)
    const { roomId, eventId: redacts, txnId } = params
    const sent = await rooms.send({
      roomId,
      sender: caller.userId,
      type: 'm.room.redaction',
      content: body.reason === undefined ? {} : { reason: body.reason },
      redacts,
      transaction: { key: { session: caller.sessionId, operation: 'redact', parts: [roomId, redacts, txnId] }, txnId },
    })
    return { event_id: sent.eventId }
  },
})
