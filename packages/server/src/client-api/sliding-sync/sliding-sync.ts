import type { Presence } from '../../ephemeral/presence.ts'
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
    set_presence: Type.Optional(Type.Union([Type.Literal('online'), Type.Literal('unavailable'), Type.Literal('offline')])),
  }),
  body: slidingBody,

  async handle(request, services: { readonly slidingSync: SlidingSync; readonly presence: Presence | undefined }) {
    const { caller, query, waiting } = request
    const parsed = parseSlidingRequest(request.body, caller.userId)
    const ended = services.presence?.syncing(caller.userId, query.set_presence ?? 'online')
    try {
      const text = await services.slidingSync.answer({
        ...parsed,
        caller,
        pos: query.pos === '' ? undefined : query.pos,
        timeoutMs: query.timeout ?? 0,
        waiting,
        signal: () => request.signal,
      })
      return jsonReply(text)
    } finally {
      ended?.()
    }
  },
})
