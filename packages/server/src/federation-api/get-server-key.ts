import type { PublishedKeys } from '../federation/keys/published-keys.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'

/** GET /_matrix/key/v2/server. Server-Server API, "Publishing Keys". */
export const getServerKey = endpoint({
  method: 'GET',
  path: '/_matrix/key/v2/server',
  summary: "This server's signing keys.",
  auth: 'none',
  limit: 'none',
  handle: (_request, { publishedKeys }: { readonly publishedKeys: PublishedKeys }) => jsonReply(publishedKeys.text()),
})
