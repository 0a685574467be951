import { readQueried, type KeyQueries } from '../e2ee/query-keys.ts'
import { queryUserKeys } from '../federation/wire/devices.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import { Type } from '../http/type.ts'

/** POST /_matrix/federation/v1/user/keys/query. Server-Server API, "End-to-End Encryption". */
export const queryUserEncryptionKeys = endpoint({
  method: queryUserKeys.method,
  path: queryUserKeys.path,
  summary: "Tell the keys of our users' devices.",
  auth: 'server',
  limit: 'federation',
  body: Type.Object({ device_keys: Type.Record(Type.String(), Type.Array(Type.String())) }),

  async handle({ body }, { keyQueries }: { readonly keyQueries: KeyQueries }) {
    return jsonReply(await keyQueries.queryForServer(readQueried(body.device_keys)))
  },
})
