import { statusMessageCharsMax } from '../../ephemeral/limits.ts'
import type { Presence } from '../../ephemeral/presence.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { ownUser } from '../own-user.ts'

/** PUT /presence/{userId}/status. Client-Server API, "Presence". Where the operator has turned presence off it changes nothing. */
export const setPresence = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/presence/{userId}/status',
  also: ['/_matrix/client/r0/presence/{userId}/status'],
  summary: 'Say whether the caller is there.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({
    presence: Type.Union([Type.Literal('online'), Type.Literal('unavailable'), Type.Literal('offline')]),
    status_msg: Type.Optional(Type.Union([Type.String({ maxLength: statusMessageCharsMax }), Type.Null()])),
  }),

  handle({ caller, params, body }, { presence }: { readonly presence: Presence | undefined }) {
    const status = body.status_msg ?? undefined
    presence?.set(ownUser(caller, params.userId), body.presence, status === '' ? undefined : status)
    return {}
  },
})
