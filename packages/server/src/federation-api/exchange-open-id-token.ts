import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import type { OpenIdTokens } from '../users/openid/openid-tokens.ts'

/** GET /v1/openid/userinfo. Server-Server API, "OpenID": it is not signed, since anybody with the token may ask. */
export const exchangeOpenIdToken = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/openid/userinfo',
  summary: 'Tell whose OpenID token it is.',
  auth: 'none',
  limit: 'read',
  query: Type.Object({ access_token: Type.String() }),
  async handle({ query }, { openIdTokens }: { readonly openIdTokens: OpenIdTokens }) {
    const userId = await openIdTokens.userOf(query.access_token)
    if (userId === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'Access token unknown or expired')
    return { sub: userId }
  },
})
