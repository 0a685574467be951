import type { ServerName } from '@causeway/events'
import { Type, type OptionalSchema, type Schema } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Accounts } from '../../users/accounts/accounts.ts'
import type { SharedSecretRegistration } from './shared-secret-registration.ts'

interface Services {
  readonly accounts: Accounts
  readonly sharedSecretRegistration: SharedSecretRegistration
  readonly clientFacts: { readonly serverName: ServerName }
}

/** Synapse's tools write null for what they have not got. */
const orNull = <T>(schema: Schema<T>): OptionalSchema<T | null> =>
  Type.Optional(Type.Union<readonly [Schema<T>, Schema<null>]>([schema, Type.Null()]))

export const registerWithSharedSecret = endpoint({
  method: 'POST',
  path: '/_synapse/admin/v1/register',
  summary: 'Make an account with the shared secret.',
  auth: 'none',
  limit: 'write',
  body: Type.Object({
    nonce: Type.String(),
    username: Type.String(),
    password: Type.String(),
    mac: Type.String(),
    admin: orNull(Type.Boolean()),
    displayname: orNull(Type.String()),
    user_type: orNull(Type.String()),
    inhibit_login: orNull(Type.Boolean()),
  }),
  async handle({ body, address }, { accounts, sharedSecretRegistration, clientFacts }: Services) {
    const { nonce, username, password, mac } = body
    const admin = body.admin ?? false
    sharedSecretRegistration.check({ nonce, username, password, mac, admin, userType: body.user_type ?? undefined })
    const { userId, login } = await accounts.create({
      username,
      password,
      admin,
      displayName: body.displayname ?? undefined,
      session: body.inhibit_login === true ? undefined : { address },
    })
    const account = { user_id: userId, home_server: clientFacts.serverName }
    return login === undefined ? account : { ...account, device_id: login.deviceId, access_token: login.grant.access_token }
  },
})
