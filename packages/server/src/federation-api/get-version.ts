import { endpoint } from '../http/endpoint.ts'

/** GET /_matrix/federation/v1/version. Server-Server API, "Server implementation". */
export const getVersion = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/version',
  summary: 'What software this server is.',
  auth: 'none',
  limit: 'none',
  handle: (_request, { softwareVersion }: { readonly softwareVersion: string }) => ({
    server: { name: 'Causeway', version: softwareVersion },
  }),
})
