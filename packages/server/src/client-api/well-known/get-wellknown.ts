import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { ClientFactsService } from '../client-facts.ts'

export const getWellknown = endpoint({
  method: 'GET',
  path: '/.well-known/matrix/client',
  summary: 'Tell where clients reach the server.',
  auth: 'none',
  limit: 'read',
  handle: (_request, { clientFacts }: ClientFactsService) => {
    const { publicBaseUrl } = clientFacts
    if (publicBaseUrl === undefined) throw new MatrixError('M_NOT_FOUND', 'the server does not say where clients reach it')
    return { 'm.homeserver': { base_url: publicBaseUrl } }
  },
})
