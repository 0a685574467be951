import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import type { KeySignatures } from '../../e2ee/key-signatures.ts'

/** POST /keys/signatures/upload. Client-Server API, "Cross-signing". */
export const uploadCrossSigningSignatures = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/signatures/upload',
  also: ['/_matrix/client/unstable/keys/signatures/upload'],
  summary: 'Publish signatures on keys; each is checked.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({}),

  async handle({ caller, body }, { keySignatures }: { readonly keySignatures: KeySignatures }) {
    return jsonReply(canonicalJson({ failures: await keySignatures.upload(caller.userId, body) }))
  },
})
