import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Logins } from '../../users/sessions/logins.ts'
import type { ClientFactsService } from '../client-facts.ts'
import { nullable } from '../nullable.ts'

interface Services extends ClientFactsService {
  readonly logins: Logins
}

export const login = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/login',
  also: ['/_matrix/client/r0/login'],
  summary: 'Log in.',
  auth: 'none',
  limit: 'login',
  body: Type.Object({
    type: Type.String(),
    identifier: nullable(Type.Object({ type: Type.String(), user: Type.Optional(Type.String()) })),
    user: nullable(Type.String()),
    password: nullable(Type.String()),
    device_id: nullable(Type.String()),
    initial_device_display_name: nullable(Type.String()),
    refresh_token: nullable(Type.Boolean()),
  }),
  async handle({ body, address }, { logins, clientFacts }: Services) {
    if (body.type !== 'm.login.password') throw new MatrixError('M_UNKNOWN', 'Bad login type.', { status: 400 })
    const identifier = body.identifier ?? undefined
    if (identifier !== undefined && identifier.type !== 'm.id.user') {
      throw new MatrixError('M_FORBIDDEN', 'users are known by their user ids only')
    }
    const user = identifier?.user ?? body.user ?? undefined
    const password = body.password ?? undefined
    if (user === undefined) throw new MatrixError('M_MISSING_PARAM', 'identifier is missing')
    if (password === undefined) throw new MatrixError('M_MISSING_PARAM', 'password is missing')
    const { userId, deviceId, grant } = await logins.byPassword(user, password, {
      deviceId: body.device_id ?? undefined,
      displayName: body.initial_device_display_name ?? undefined,
      refreshable: body.refresh_token ?? false,
      address,
    })
    const { serverName, publicBaseUrl } = clientFacts
    const wellKnown = publicBaseUrl === undefined ? {} : { well_known: { 'm.homeserver': { base_url: publicBaseUrl } } }
    return { user_id: userId, device_id: deviceId, home_server: serverName, ...grant, ...wellKnown }
  },
})
