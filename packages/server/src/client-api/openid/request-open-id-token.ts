import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { OpenIdTokens } from '../../users/openid/openid-tokens.ts'
import type { ClientFactsService } from '../client-facts.ts'
import { ownUser } from '../own-user.ts'

/** POST /v3/user/{userId}/openid/request_token. Client-Server API, "OpenID". */
export const requestOpenIdToken = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/user/{userId}/openid/request_token',
  also: ['/_matrix/client/r0/user/{userId}/openid/request_token'],
  summary: 'Get a token that proves to a third party who the user is.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({}),
  async handle({ caller, params }, { openIdTokens, clientFacts }: { readonly openIdTokens: OpenIdTokens } & ClientFactsService) {
    const { token, expiresInMs } = await openIdTokens.issue(ownUser(caller, params.userId))
    return {
      access_token: token,
      token_type: 'Bearer',
      matrix_server_name: clientFacts.serverName,
      expires_in: expiresInMs / 1_000,
    }
  },
})
