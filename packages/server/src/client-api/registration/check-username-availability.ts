import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Registration } from '../../users/accounts/registration.ts'

export const checkUsernameAvailability = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/register/available',
  also: ['/_matrix/client/r0/register/available'],
  summary: 'Tell whether a username is free.',
  auth: 'none',
  limit: 'search',
  query: Type.Object({ username: Type.String() }),
  async handle({ query }, { registration }: { readonly registration: Registration }) {
    registration.checkOpen()
    await registration.checkAvailable(query.username)
    return { available: true }
  },
})
