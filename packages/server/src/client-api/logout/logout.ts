import { endpoint } from '../../http/endpoint.ts'
import type { Sessions } from '../../users/sessions/sessions.ts'

export const logout = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/logout',
  also: ['/_matrix/client/r0/logout'],
  summary: 'End the session, and its device.',
  auth: 'user',
  limit: 'write',
  async handle({ caller }, { sessions }: { readonly sessions: Sessions }) {
    await sessions.logOut(caller)
    return {}
  },
})
