import type { Endpoint } from '../../http/endpoint.ts'
import { shardOf } from '../../rooms/engine/shard-of.ts'
import type { RoomMethods } from '../../rooms/room-methods.ts'
import type { RoomCalls } from '../../rooms/rooms.ts'
import { InternalCalls } from '../../workers/internal-calls.ts'
import { HttpTransport } from '../../workers/internal-transport.ts'
import { PeerMessages } from '../../workers/peer-messages.ts'
import { RoomGateway } from '../../workers/room-gateway.ts'
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
  if (storage.cluster === undefined) {
    return {
      // Each method takes its own arguments, which a call by name cannot tell the compiler.
      calls: { call: (_roomId, method, args) => Reflect.apply(methods[method], methods, [args]), owns },
      endpoints: [],
      tell: () => undefined,
      onTold: () => undefined,
      close: async () => undefined,
    }
  }
  const { clock, log } = platform
  const transport = new HttpTransport()
  const calls = new InternalCalls({ secret: storage.facts.clusterSecret, transport, clock })
  const gateway = new RoomGateway({ methods, ownership, shardOf, calls, clock, log })
  const messages = new PeerMessages({ calls, ownership, log })
  return {
    calls: { call: (roomId, method, args) => Reflect.apply(gateway.call, gateway, [roomId, method, args]), owns },
    endpoints: [gateway.endpoint(), messages.endpoint()],
    tell: (kind, body) => messages.tell(kind, body),
    onTold: (kind, listener) => messages.on(kind, listener),
    close: () => transport.close(),
  }
}
