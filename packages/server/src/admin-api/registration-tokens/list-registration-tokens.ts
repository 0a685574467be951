import { endpoint } from '../../http/endpoint.ts'
import type { RegistrationTokens } from '../../users/accounts/registration-tokens.ts'

export const listRegistrationTokens = endpoint({
  method: 'GET',
  path: '/_causeway/v1/registration-tokens',
  summary: 'List the registration tokens that were made; those of the configuration are not among them.',
  auth: 'socket',
  limit: 'none',
  async handle(_request, { registrationTokens }: { readonly registrationTokens: RegistrationTokens }) {
    return { registration_tokens: await registrationTokens.list() }
  },
})
