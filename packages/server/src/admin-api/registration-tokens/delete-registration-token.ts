import { endpoint } from '../../http/endpoint.ts'
import type { RegistrationTokens } from '../../users/accounts/registration-tokens.ts'

export const deleteRegistrationToken = endpoint({
  method: 'DELETE',
  path: '/_causeway/v1/registration-tokens/{token}',
  summary: 'Remove a registration token.',
  auth: 'socket',
  limit: 'none',
  async handle({ params }, { registrationTokens }: { readonly registrationTokens: RegistrationTokens }) {
    await registrationTokens.remove(params.token)
    return {}
  },
})
