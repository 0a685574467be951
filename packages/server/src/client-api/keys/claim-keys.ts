import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import { readWishes, type KeyClaims } from '../../e2ee/claim-keys.ts'

/** POST /keys/claim. Client-Server API, "Key management API". */
export const claimKeys = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/claim',
  also: ['/_matrix/client/r0/keys/claim'],
  summary: 'Take one-time keys of devices, each of which nobody gets again.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({
    one_time_keys: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())),
    timeout: Type.Optional(Type.Integer({ minimum: 0 })),
  }),

  async handle({ body }, { keyClaims }: { readonly keyClaims: KeyClaims }) {
    return jsonReply(await keyClaims.claim(readWishes(body.one_time_keys), body.timeout))
  },
})
