import type { RoomId } from '@causeway/events'
import type { Endpoint } from '../../http/endpoint.ts'
import { shardOf } from '../../rooms/engine/shard-of.ts'
import type { RoomMethods } from '../../rooms/room-methods.ts'
import type { RoomCalls } from '../../rooms/rooms.ts'
import { InternalCalls } from '../../workers/internal-calls.ts'
import { HttpTransport } from '../../workers/internal-transport.ts'
import { PeerMessages } from '../../workers/peer-messages.ts'
import { RoomGateway } from '../../workers/room-gateway.ts'
import type { Database } from '../../storage/database.ts'
import type { ClusterParts } from '../../storage/postgresql/open-postgresql.ts'
import type { Platform } from '../application.ts'
import type { Storage } from './open-storage.ts'

/** How this process reaches the others of the same server. */
export interface Cluster {
  readonly calls: RoomCalls
  readonly endpoints: readonly Endpoint<unknown>[]
  /** Tell all other processes what lives in memory only. */
  readonly tell: (kind: string, body: unknown) => void
  readonly onTold: (kind: string, listener: (body: unknown) => void) => void
  close(): Promise<void>
}

/** Room calls and messages between processes; in the only process of a server, plain calls and nobody to tell. */
export function composeCluster(platform: Platform, storage: Storage, methods: RoomMethods): Cluster {
  const { ownership } = storage
  const owns = (shard: number): boolean => ownership.owns(shard)
  const { cluster } = storage
  if (cluster === undefined) {
    return {
      // Each method takes its own arguments, which a call by name cannot tell the compiler.
      calls: { call: (_roomId, method, args) => Reflect.apply(methods[method], methods, [args]), owns, ownsSome: async () => undefined },
      endpoints: [],
      tell: () => undefined,
      onTold: () => undefined,
      close: async () => undefined,
    }
  }
  const { clock, log } = platform
  const transport = new HttpTransport()
  const calls = new InternalCalls({ secret: storage.facts.clusterSecret, transport, clock })
  const gateway = new RoomGateway({ methods: positioned(storage.db, methods), ownership, shardOf, calls, clock, log })
  const messages = new PeerMessages({ calls, ownership, log })
  return {
    calls: {
      call: (roomId, method, args) => Reflect.apply(seen, undefined, [cluster, gateway, roomId, method, args]),
      owns,
      ownsSome: () => gateway.ownsSome(),
    },
    endpoints: [gateway.endpoint(), messages.endpoint()],
    tell: (kind, body) => messages.tell(kind, body),
    onTold: (kind, listener) => messages.on(kind, listener),
    close: () => transport.close(),
  }
}

/** What a room method gave, and the position at which its process had written it. */
interface Positioned<T> {
  readonly value: T
  readonly slot: number
  readonly position: number
}

/** The room methods, each telling how far its process has written when it ends. */
function positioned(db: Database, methods: RoomMethods) {
  const wrap =
    (method: (args: never) => Promise<unknown>) =>
    async (args: never): Promise<Positioned<unknown>> => {
      const value = await method(args)
      return { value, slot: db.slot, position: db.positions().get(db.slot) ?? 0 }
    }
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, wrap(method)]))
}

/** Milliseconds that a caller waits until it sees what another process wrote for it. */
const reachMsMax = 5_000

/** The value of a call, once this process sees what the call wrote: whoever has its answer reads its effect here, too. */
async function seen(
  cluster: ClusterParts,
  gateway: RoomGateway<ReturnType<typeof positioned>>,
  roomId: RoomId,
  method: string,
  args: never,
): Promise<unknown> {
  const { value, slot, position } = await gateway.call(roomId, method, args)
  await cluster.reach(new Map([[slot, position]]), reachMsMax)
  return value
}
