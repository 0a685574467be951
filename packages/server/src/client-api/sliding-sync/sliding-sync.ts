import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import { posMax } from '../../sync/sliding/limits.ts'
import { parseSlidingRequest, slidingBody } from '../../sync/sliding/parse-sliding-request.ts'
import type { SlidingSync } from '../../sync/sliding/sliding-sync.ts'

/** POST /sync of simplified sliding sync. MSC4186. */
export const slidingSync = endpoint({
  method: 'POST',
  path: '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync',
  summary: 'Give a client what is new in the rooms that it looks at, or wait for it.',
  auth: 'user',
  limit: 'sync',
  query: Type.Object({
    pos: Type.Optional(Type.String({ maxLength: posMax })),
    timeout: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
  body: slidingBody,

  async handle(request, { slidingSync }: { readonly slidingSync: SlidingSync }) {
    const { caller, query, waiting } = request
    const pos = query.pos === '' ? undefined : query.pos
    const text = await slidingSync.answer({
      ...parseSlidingRequest(request.body, caller.userId),
      caller,
      pos,
      timeoutMs: query.timeout ?? 0,
      waiting,
      signal: () => request.signal,
    })
    return jsonReply(text)
  },
})
