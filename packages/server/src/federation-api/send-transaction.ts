import { isJsonObject } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { ServerCaller } from '../http/caller.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import type { Transactions } from '../rooms/inbound/transactions.ts'

/** PUT /send/{txnId}. Server-Server API, "Transactions". */
export const sendTransaction = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/send/{txnId}',
  summary: 'Take in events and EDUs of another server.',
  auth: 'server',
  limit: 'federation',
  rawBody: true,
  bodyBytesMax: 8 * 1024 * 1024,

  async handle({ caller, params }, { transactions }: { readonly transactions: Transactions }) {
    return jsonReply(await transactions.receive(caller.serverName, params.txnId, bodyObject(caller)))
  },
})

/** The body of a signed request as an object. Throws M_NOT_JSON, M_BAD_JSON. */
export function bodyObject(caller: ServerCaller) {
  if (caller.content === undefined) throw new MatrixError('M_NOT_JSON', 'The request has no body')
  if (!isJsonObject(caller.content)) throw new MatrixError('M_BAD_JSON', 'The body must be an object')
  return caller.content
}
