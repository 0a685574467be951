import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import type { Positions } from '../../rooms/history/positions.ts'
import { threadSubscriptionsPageDefault } from '../../sync/limits.ts'
import { posMax } from '../../sync/sliding/limits.ts'
import type { StreamTokens } from '../../sync/stream-token.ts'
import type { Sync } from '../../sync/sync.ts'
import { threadSubscriptionMembers, threadSubscriptionPage } from '../../sync/thread-subscriptions.ts'

/** GET /thread_subscriptions. MSC4308: what an answer of sliding sync had no room for. */
export const getThreadSubscriptions = endpoint({
  method: 'GET',
  path: '/_matrix/client/unstable/io.element.msc4308/thread_subscriptions',
  summary: "Give a page of the changes of the user's subscriptions to threads, the newest first.",
  auth: 'user',
  limit: 'read',
  query: Type.Object({
    dir: Type.Literal('b'),
    from: Type.Optional(Type.String({ maxLength: posMax })),
    to: Type.Optional(Type.String({ maxLength: posMax })),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
  }),

  async handle({ caller, query }, { sync }: { readonly sync: Sync }) {
    const { tokens, stream } = sync
    const now = stream.now().positions
    const upTo = query.from === undefined ? now : reached(positionsOf(tokens, query.from, 'from') ?? new Map(), now)
    const since = query.to === undefined ? undefined : positionsOf(tokens, query.to, 'to')
    const limit = query.limit ?? threadSubscriptionsPageDefault
    const page = await threadSubscriptionPage(stream.ports.db, caller.userId, since, upTo, limit)
    const members = threadSubscriptionMembers(page)
    if (page.rest !== undefined) members.push(`"end":${JSON.stringify(tokens.stream({ positions: page.rest, typing: 0 }))}`)
    return jsonReply(`{${members.join(',')}}`)
  },
})

/** A token of this operation, or a `pos` of sliding sync, which has one in it; absent for one from before a restore of the store. */
function positionsOf(tokens: StreamTokens, text: string, name: string): Positions | undefined {
  const token = tokens.parse(text.slice(text.indexOf('~s1_') + 1))
  if (token?.kind === 'outdated') return undefined
  if (token?.kind !== 'stream') throw new MatrixError('M_INVALID_PARAM', `${name} is not a token of this endpoint`)
  return token.point.positions
}

/** Nothing is given before it is seen to be written. */
function reached(wanted: Positions, now: Positions): Positions {
  return new Map([...wanted].map(([slot, position]) => [slot, Math.min(position, now.get(slot) ?? 0)]))
}
