import { parseUserId, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { Type, type Static } from '../../http/type.ts'
import { contentOf, type PlainObject } from '../../rooms/plain-content.ts'
import type { Rooms } from '../../rooms/rooms.ts'

/** The body of a request to join. */
export const joinBody = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 5000 })),
  third_party_signed: Type.Optional(
    Type.Object({
      sender: Type.String(),
      mxid: Type.String(),
      token: Type.String(),
      signatures: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())),
    }),
  ),
})

/** Keys of member events that the server, or nobody, decides on. */
const reserved = new Set(['membership', 'join_authorised_via_users_server', 'third_party_signed', 'third_party_invite'])

/**
 * What a request to join puts into the member event: its reason, and keys that other proposals may give a meaning, as
 * clients know it from other servers. The profile has the last word on a name and a picture.
 */
export function joinContent(body: Static<typeof joinBody>): { readonly reason?: string; readonly content: PlainObject } {
  const content = Object.fromEntries(Object.entries(body).filter(([key]) => key !== 'reason' && !reserved.has(key)))
  return body.reason === undefined ? { content } : { reason: body.reason, content }
}

/**
 * Whoever joins with the proof that an invited address is theirs is invited first: "the homeserver must verify that it matches a pending
 * `m.room.third_party_invite` event in the room". Throws what the proof is refused with.
 */
export async function useThirdPartySigned(rooms: Rooms, roomId: RoomId, target: UserId, body: Static<typeof joinBody>): Promise<void> {
  const given = body.third_party_signed
  if (given === undefined) return
  const sender = parseUserId(given.sender)
  const signed = contentOf(given)
  if (sender === undefined) throw new MatrixError('M_INVALID_PARAM', 'third_party_signed names no sender')
  await rooms.acceptThirdPartyInvite({ roomId, sender, target, signed })
}
