import type { DehydratedDevices } from '../../e2ee/dehydrated-devices.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply, type Reply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import type { Sync } from '../../sync/sync.ts'
import type { UserId } from '@causeway/events'

interface Services {
  readonly sync: Sync
  readonly dehydratedDevices: DehydratedDevices
}

const path = '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events'
const limit = Type.Optional(Type.Integer({ minimum: 1 }))

/** GET /dehydrated_device/{deviceId}/events (MSC3814, unstable). The last piece has no `next_batch`. */
export const getDehydratedDeviceEvents = endpoint({
  method: 'GET',
  path,
  summary: 'Give the messages that wait for the dehydrated device, in pieces.',
  auth: 'user',
  limit: 'read',
  query: Type.Object({ from: Type.Optional(Type.String({ maxLength: 1024 })), limit }),

  async handle({ caller, params, query }, services: Services) {
    const wish = { userId: caller.userId, deviceId: params.deviceId, from: query.from, limit: query.limit }
    return piece(services, wish, (upTo) => upTo)
  },
})

/**
 * POST /dehydrated_device/{deviceId}/events: as clients of an earlier draft of MSC3814 ask. They are always given a
 * `next_batch`, and go on until no message comes.
 */
export const postDehydratedDeviceEvents = endpoint({
  method: 'POST',
  path,
  summary: 'Give the messages that wait for the dehydrated device, in pieces, as an earlier draft has it.',
  auth: 'user',
  limit: 'read',
  query: Type.Object({ limit }),
  body: Type.Object({ next_batch: Type.Optional(Type.String({ maxLength: 1024 })) }),

  async handle({ caller, params, query, body }, services: Services) {
    const wish = { userId: caller.userId, deviceId: params.deviceId, from: body.next_batch, limit: query.limit }
    return piece(services, wish, (upTo, now) => upTo ?? now)
  },
})

type Positions = ReadonlyMap<number, number>

async function piece(
  { sync, dehydratedDevices }: Services,
  wish: { readonly userId: UserId; readonly deviceId: string; readonly from: string | undefined; readonly limit: number | undefined },
  nextOf: (upTo: Positions | undefined, now: Positions) => Positions | undefined,
): Promise<Reply> {
  const since = wish.from === undefined ? undefined : positionsOf(sync, wish.from)
  const { events, upTo, now } = await dehydratedDevices.events(wish, since, wish.limit)
  const next = nextOf(upTo, now)
  const nextBatch = next === undefined ? '' : `,"next_batch":${JSON.stringify(sync.tokens.stream({ positions: next, typing: 0 }))}`
  return jsonReply(`{"events":[${events.join(',')}]${nextBatch}}`)
}

/** With a token of before a restore the client begins anew. */
function positionsOf(sync: Sync, text: string): Positions | undefined {
  const token = sync.tokens.parse(text)
  if (token?.kind === 'stream') return token.point.positions
  if (token?.kind === 'outdated') return undefined
  throw new MatrixError('M_INVALID_PARAM', 'this is no token of this endpoint')
}
