import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import type { Registration } from '../../users/accounts/registration.ts'
import type { ClientFactsService } from '../client-facts.ts'
import { nullable } from '../nullable.ts'

interface Services extends ClientFactsService {
  readonly registration: Registration
}

export const register = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/register',
  also: ['/_matrix/client/r0/register'],
  summary: 'Make an account.',
  auth: 'none',
  limit: 'register',
  query: Type.Object({ kind: Type.Optional(Type.Union([Type.Literal('user'), Type.Literal('guest')])) }),
  body: Type.Object({
    auth: Type.Optional(Type.Unknown()),
    username: nullable(Type.String()),
    password: nullable(Type.String()),
    device_id: nullable(Type.String()),
    initial_device_display_name: nullable(Type.String()),
    inhibit_login: nullable(Type.Boolean()),
    refresh_token: nullable(Type.Boolean()),
  }),
  async handle({ query, body, address }, { registration, clientFacts }: Services) {
    if (query.kind === 'guest') throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'this server has no guests')
    const session = {
      deviceId: body.device_id ?? undefined,
      displayName: body.initial_device_display_name ?? undefined,
      refreshable: body.refresh_token ?? false,
      address,
    }
    const made = await registration.register({
      username: body.username ?? undefined,
      password: body.password ?? undefined,
      session: body.inhibit_login === true ? undefined : session,
      body,
      address,
    })
    if (made instanceof Reply) return made
    const account = { user_id: made.userId, home_server: clientFacts.serverName }
    return made.login === undefined ? account : { ...account, device_id: made.login.deviceId, ...made.login.grant }
  },
})
