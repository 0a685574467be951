import type { Endpoint } from '../http/endpoint.ts'
import type { ServerName } from '@causeway/events'
import type { Users } from '../users/compose-users.ts'
import { createRegistrationToken } from './registration-tokens/create-registration-token.ts'
import { deleteRegistrationToken } from './registration-tokens/delete-registration-token.ts'
import { listRegistrationTokens } from './registration-tokens/list-registration-tokens.ts'
import { getRegisterNonce } from './shared-secret/get-register-nonce.ts'
import { registerWithSharedSecret } from './shared-secret/register-with-shared-secret.ts'
import type { SharedSecretRegistration } from './shared-secret/shared-secret-registration.ts'
import { createUser } from './users/create-user.ts'
import { deactivateUser } from './users/deactivate-user.ts'
import { listUsers } from './users/list-users.ts'
import { setUserPassword } from './users/set-user-password.ts'

/** What the administration of accounts needs. */
export type UserAdminServices = Users & {
  readonly sharedSecretRegistration: SharedSecretRegistration
  readonly clientFacts: { readonly serverName: ServerName }
}

/** The operator's operations on accounts: on the unix socket, and the one that Synapse's tools know. */
export const userAdminEndpoints: readonly Endpoint<UserAdminServices>[] = [
  createUser,
  listUsers,
  setUserPassword,
  deactivateUser,
  createRegistrationToken,
  listRegistrationTokens,
  deleteRegistrationToken,
  getRegisterNonce,
  registerWithSharedSecret,
]
