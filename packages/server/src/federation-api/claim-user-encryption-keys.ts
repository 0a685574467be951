import { readWishes, type KeyClaims } from '../e2ee/claim-keys.ts'
import { claimUserKeys } from '../federation/wire/devices.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import { Type } from '../http/type.ts'

/** POST /_matrix/federation/v1/user/keys/claim. Server-Server API, "End-to-End Encryption". */
export const claimUserEncryptionKeys = endpoint({
  method: claimUserKeys.method,
  path: claimUserKeys.path,
  summary: 'Take one-time keys of our users.',
  auth: 'server',
  limit: 'federation',
  body: Type.Object({ one_time_keys: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())) }),

  async handle({ body }, { keyClaims }: { readonly keyClaims: KeyClaims }) {
    return jsonReply(await keyClaims.claimForServer(readWishes(body.one_time_keys)))
  },
})
