import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import type { ReadingPorts } from '../rooms/history/reading-ports.ts'
import { serveHierarchy } from '../rooms/spaces/served-hierarchy.ts'

/** GET /hierarchy/{roomId}. Server-Server API, "Spaces". */
export const getSpaceHierarchy = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/hierarchy/{roomId}',
  summary: 'A room and those that it links to, as far as the other server may know them.',
  auth: 'server',
  limit: 'federation',
  query: Type.Object({ suggested_only: Type.Optional(Type.Boolean()) }),

  handle: ({ caller, params, query }, { reading }: { readonly reading: ReadingPorts }) =>
    serveHierarchy(reading.engine, params.roomId, caller.serverName, query.suggested_only ?? false),
})
