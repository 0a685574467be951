import type { Presence } from '../../ephemeral/presence.ts'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import type { SyncFilters } from '../../sync/sync-filter.ts'
import type { Sync } from '../../sync/sync.ts'
import type { StateAfterName } from '../../sync/sync-wish.ts'

/** GET /sync. Client-Server API, "Syncing". */
export const sync = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/sync',
  also: ['/_matrix/client/r0/sync'],
  summary: "Give a client what is new in its user's rooms, or wait for it.",
  auth: 'user',
  limit: 'sync',
  query: Type.Object({
    filter: Type.Optional(Type.String()),
    since: Type.Optional(Type.String({ maxLength: 1024 })),
    set_presence: Type.Optional(Type.Union([Type.Literal('online'), Type.Literal('unavailable'), Type.Literal('offline')])),
    full_state: Type.Optional(Type.Boolean()),
    timeout: Type.Optional(Type.Integer({ minimum: 0 })),
    use_state_after: Type.Optional(Type.Boolean()),
    'org.matrix.msc4222.use_state_after': Type.Optional(Type.Boolean()),
  }),

  async handle(request, services: { readonly sync: Sync; readonly syncFilters: SyncFilters; readonly presence: Presence | undefined }) {
    const { caller, query, waiting } = request
    const filter = await services.syncFilters.find(caller.userId, query.filter)
    const ended = services.presence?.syncing(caller.userId, query.set_presence ?? 'online')
    try {
      const text = await services.sync.answer({
        caller,
        since: query.since,
        filter,
        timeoutMs: query.timeout ?? 0,
        fullState: query.full_state ?? false,
        stateAfter: stateAfter(query.use_state_after, query['org.matrix.msc4222.use_state_after']),
        waiting,
        signal: () => request.signal,
      })
      return jsonReply(text)
    } finally {
      ended?.()
    }
  },
})

function stateAfter(stable: boolean | undefined, unstable: boolean | undefined): StateAfterName | undefined {
  if (stable === true) return 'state_after'
  return unstable === true ? 'org.matrix.msc4222.state_after' : undefined
}
