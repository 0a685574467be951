import type { Notary } from '../federation/keys/notary.ts'
import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'

/** GET /_matrix/key/v2/query/{serverName}. Server-Server API, "Querying Keys Through Another Server". */
export const perspectivesKeyQuery = endpoint({
  method: 'GET',
  path: '/_matrix/key/v2/query/{serverName}',
  summary: "Another server's signing keys, as this server knows them.",
  auth: 'none',
  limit: 'federation',
  query: Type.Object({ minimum_valid_until_ts: Type.Optional(Type.Integer()) }),

  async handle({ params, query }, { notary }: { readonly notary: Notary }) {
    const answer = await notary.query(params.serverName, query.minimum_valid_until_ts)
    return { server_keys: answer === undefined ? [] : [answer] }
  },
})
