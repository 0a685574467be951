import { endpoint } from '../../http/endpoint.ts'
import type { Sessions } from '../../users/sessions/sessions.ts'

export const logoutAll = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/logout/all',
  also: ['/_matrix/client/r0/logout/all'],
  summary: "End all of the user's sessions and devices.",
  auth: 'user',
  limit: 'write',
  async handle({ caller }, { sessions }: { readonly sessions: Sessions }) {
    await sessions.logOutAll(caller.userId)
    return {}
  },
})
