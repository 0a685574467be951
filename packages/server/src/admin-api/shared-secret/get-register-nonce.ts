import { endpoint } from '../../http/endpoint.ts'
import type { SharedSecretRegistration } from './shared-secret-registration.ts'

export const getRegisterNonce = endpoint({
  method: 'GET',
  path: '/_synapse/admin/v1/register',
  summary: 'Get a nonce for making an account with the shared secret.',
  auth: 'none',
  limit: 'write',
  handle: (_request, { sharedSecretRegistration }: { readonly sharedSecretRegistration: SharedSecretRegistration }) => ({
    nonce: sharedSecretRegistration.newNonce(),
  }),
})
