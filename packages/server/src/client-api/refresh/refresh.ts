import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Sessions } from '../../users/sessions/sessions.ts'

export const refresh = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/refresh',
  summary: 'Get new tokens for a refresh token.',
  auth: 'none',
  limit: 'write',
  body: Type.Object({ refresh_token: Type.String() }),
  handle: ({ body }, { sessions }: { readonly sessions: Sessions }) => sessions.refresh(body.refresh_token),
})
