import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { hierarchyToken, parseHierarchyToken } from '../../rooms/spaces/hierarchy-token.ts'
import type { Hierarchy } from '../../rooms/spaces/hierarchy.ts'
import { hierarchyDepthMax, hierarchyPageDefault, hierarchyPageMax } from '../../rooms/spaces/limits.ts'

/** GET /rooms/{roomId}/hierarchy. Client-Server API, "Discovering rooms within spaces". */
export const getSpaceHierarchy = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/rooms/{roomId}/hierarchy',
  summary: 'Tell what rooms are below a space.',
  auth: 'user',
  limit: 'search',
  query: Type.Object({
    suggested_only: Type.Optional(Type.Boolean()),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    max_depth: Type.Optional(Type.Integer({ minimum: 0 })),
    from: Type.Optional(Type.String()),
  }),

  async handle({ caller, params, query }, { hierarchy }: { readonly hierarchy: Hierarchy }) {
    const depth = query.max_depth === undefined ? undefined : Math.min(query.max_depth, hierarchyDepthMax)
    const first = { skip: 0, maxDepth: depth ?? hierarchyDepthMax, suggestedOnly: query.suggested_only ?? false }
    const place = query.from === undefined ? first : parseHierarchyToken(query.from)
    if (place === undefined) throw new MatrixError('M_INVALID_PARAM', 'from is not a token of this operation')
    const same = (depth ?? place.maxDepth) === place.maxDepth && (query.suggested_only ?? place.suggestedOnly) === place.suggestedOnly
    if (!same) throw new MatrixError('M_INVALID_PARAM', 'max_depth and suggested_only are those of the first page')
    const limit = Math.min(query.limit ?? hierarchyPageDefault, hierarchyPageMax)
    const { rooms, further } = await hierarchy.page(params.roomId, caller.userId, { ...place, limit })
    return { rooms, ...(further ? { next_batch: hierarchyToken({ ...place, skip: place.skip + rooms.length }) } : {}) }
  },
})
