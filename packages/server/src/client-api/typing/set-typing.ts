import { MatrixError } from '../../errors.ts'
import { typingMsDefault } from '../../ephemeral/limits.ts'
import type { Typing } from '../../ephemeral/typing.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { isJoinedMember } from '../../rooms/history/room-membership.ts'

/** PUT /rooms/{roomId}/typing/{userId}. Client-Server API, "Typing Notifications". */
export const setTyping = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/{roomId}/typing/{userId}',
  also: ['/_matrix/client/r0/rooms/{roomId}/typing/{userId}'],
  summary: 'Say that the caller types, or no longer does.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ typing: Type.Boolean(), timeout: Type.Optional(Type.Integer({ minimum: 0 })) }),

  async handle({ caller, params, body }, { typing, reading }: { readonly typing: Typing; readonly reading: ReadingPorts }) {
    const { roomId, userId } = params
    if (userId !== caller.userId) throw new MatrixError('M_FORBIDDEN', 'You cannot type for somebody else')
    if (!(await isJoinedMember(reading.engine, roomId, userId))) throw new MatrixError('M_FORBIDDEN', 'You are not joined to this room')
    typing.set({ roomId, userId, typing: body.typing, timeoutMs: body.timeout ?? typingMsDefault })
    return {}
  },
})
