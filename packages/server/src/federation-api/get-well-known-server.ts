import { parseServerName } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'

/** What the operation needs to know. */
interface PublicAddress {
  readonly clientFacts: { readonly publicBaseUrl: string | undefined }
}

/** GET /.well-known/matrix/server. Server-Server API, "Resolving server names". */
export const getWellKnownServer = endpoint({
  method: 'GET',
  path: '/.well-known/matrix/server',
  summary: 'Tell where other servers reach this one.',
  auth: 'none',
  limit: 'read',

  handle(_request, { clientFacts }: PublicAddress) {
    const url = clientFacts.publicBaseUrl === undefined ? null : URL.parse(clientFacts.publicBaseUrl)
    const name = url?.protocol === 'https:' ? parseServerName(`${url.hostname}:${url.port === '' ? '443' : url.port}`) : undefined
    if (name === undefined) throw new MatrixError('M_NOT_FOUND', 'the server does not say where others reach it')
    return { 'm.server': name }
  },
})
