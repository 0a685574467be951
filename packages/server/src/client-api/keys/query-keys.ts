import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import { readQueried, type KeyQueries } from '../../e2ee/query-keys.ts'

/** POST /keys/query. Client-Server API, "Key management API". */
export const queryKeys = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/query',
  also: ['/_matrix/client/r0/keys/query'],
  summary: "Tell the keys of users' devices, and their cross-signing keys.",
  auth: 'user',
  limit: 'read',
  body: Type.Object({
    device_keys: Type.Record(Type.String(), Type.Array(Type.String())),
    timeout: Type.Optional(Type.Integer({ minimum: 0 })),
  }),

  async handle({ caller, body }, { keyQueries }: { readonly keyQueries: KeyQueries }) {
    return jsonReply(await keyQueries.query(caller.userId, readQueried(body.device_keys), body.timeout))
  },
})
