import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Registration } from '../../users/accounts/registration.ts'

export const registrationTokenValidity = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/register/m.login.registration_token/validity',
  summary: 'Tell whether a registration token would do.',
  auth: 'none',
  limit: 'login',
  query: Type.Object({ token: Type.String() }),
  async handle({ query }, { registration }: { readonly registration: Registration }) {
    return { valid: await registration.isTokenValid(query.token) }
  },
})
