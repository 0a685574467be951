import { parseEventId, type EventId } from '@causeway/events'
import type { ReadMarkers } from '../../ephemeral/read-markers.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'

const types = ['m.fully_read', 'm.read', 'm.read.private'] as const

/** POST /rooms/{roomId}/read_markers. Client-Server API, "Read and unread markers". */
export const setReadMarker = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/{roomId}/read_markers',
  also: ['/_matrix/client/r0/rooms/{roomId}/read_markers'],
  summary: "Move the caller's markers of what they have read.",
  auth: 'user',
  limit: 'write',
  body: Type.Object({
    'm.fully_read': Type.Optional(Type.String()),
    'm.read': Type.Optional(Type.String()),
    'm.read.private': Type.Optional(Type.String()),
  }),

  async handle({ caller, params, body }, { readMarkers }: { readonly readMarkers: ReadMarkers }) {
    const { roomId } = params
    // All are checked before the first is set.
    const markers = types.flatMap((type) => {
      const eventId = body[type]
      return eventId === undefined ? [] : [{ type, eventId: eventIdOf(type, eventId) }]
    })
    for (const { type, eventId } of markers) await readMarkers.set({ roomId, userId: caller.userId, type, eventId, thread: '' })
    return {}
  },
})

function eventIdOf(name: string, text: string): EventId {
  const eventId = parseEventId(text)
  if (eventId === undefined) throw new MatrixError('M_INVALID_PARAM', `${name} is no event id`)
  return eventId
}
