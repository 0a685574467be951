import { Type, type Static } from '../../http/type.ts'
import type { PlainObject } from '../../rooms/plain-content.ts'

/** The body of a request to join. */
export const joinBody = Type.Object({ reason: Type.Optional(Type.String({ maxLength: 5000 })) })

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
