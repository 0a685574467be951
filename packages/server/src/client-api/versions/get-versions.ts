import { endpoint } from '../../http/endpoint.ts'
import type { ClientFactsService } from '../client-facts.ts'

/** v1.1 to v1.19. */
const versions = Array.from({ length: 19 }, (_, index) => `v1.${index + 1}`)

export const getVersions = endpoint({
  method: 'GET',
  path: '/_matrix/client/versions',
  summary: 'Tell the versions of the specification that the server supports.',
  auth: 'none',
  limit: 'read',
  handle: (_request, { clientFacts }: ClientFactsService) => ({ versions, unstable_features: clientFacts.unstableFeatures }),
})
