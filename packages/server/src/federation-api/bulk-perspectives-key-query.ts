import { fromPlain, isJsonObject } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Notary } from '../federation/keys/notary.ts'
import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'

/** POST /_matrix/key/v2/query. Server-Server API, "Querying Keys Through Another Server". */
export const bulkPerspectivesKeyQuery = endpoint({
  method: 'POST',
  path: '/_matrix/key/v2/query',
  summary: "Several other servers' signing keys, as this server knows them.",
  auth: 'none',
  limit: 'federation',
  body: Type.Object({ server_keys: Type.Unknown() }),

  async handle({ body }, { notary }: { readonly notary: Notary }) {
    const criteria = fromPlain(body.server_keys)
    if (!isJsonObject(criteria)) throw new MatrixError('M_BAD_JSON', 'server_keys must be an object')
    return { server_keys: await notary.queryMany(criteria) }
  },
})
