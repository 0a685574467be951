import { federationEndpoints } from '../federation-api/federation-endpoints.ts'
import { mediaEndpoints } from '../client-api/media-endpoints.ts'
import { SharedSecretRegistration } from '../admin-api/shared-secret/shared-secret-registration.ts'
import { roomAdminEndpoints } from '../admin-api/room-admin-endpoints.ts'
import { userAdminEndpoints } from '../admin-api/user-admin-endpoints.ts'
import { deviceListEndpoints, encryptionEndpoints } from '../client-api/encryption-endpoints.ts'
import { readingEndpoints } from '../client-api/reading-endpoints.ts'
import { roomsEndpoints } from '../client-api/rooms-endpoints.ts'
import { userEndpoints } from '../client-api/user-endpoints.ts'
import { encodeBase64, type ServerName } from '@causeway/events'
import type { ClientFacts } from '../client-api/client-facts.ts'
import type { Config } from '../config/config.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Identify } from '../http/identify.ts'
import type { Argon2 } from '../platform/argon2.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Names } from '../platform/names.ts'
import { processHome } from '../platform/process-home.ts'
import type { Random } from '../platform/random.ts'
import { remotePublicRooms, type RemoteDirectoryQuery } from '../rooms/peers/remote-public-rooms.ts'
import { FlaggedRooms } from '../rooms/flagged-rooms.ts'
import { shardOf } from '../rooms/engine/shard-of.ts'
import { Transactions } from '../rooms/inbound/transactions.ts'
import { claimSigningKey } from '../storage/facts.ts'
import { composeFederation, type Federation, openTransport, type Transport } from './compose/compose-federation.ts'
import { composeRooms, type RoomLayer } from './compose/compose-rooms.ts'
import { policySigner } from './compose/compose-policy.ts'
import { composeContentRepository } from './compose/compose-content-repository.ts'
import { composeUserLayer } from './compose/compose-user-layer.ts'
import { openStorage, type Storage } from './compose/open-storage.ts'
import { composeReading, type ReadingLayer } from './compose/compose-reading.ts'
import { receiveEdus } from './compose/receive-edu.ts'
import { composeEncryption } from '../e2ee/compose-e2ee.ts'
import { encryptionEffects, ListOutbox } from '../e2ee/list-outbox.ts'
import { forgettingConnections } from '../sync/sliding/forgetting-connections.ts'

/** The ports to the machine that everything above is given. */
export interface Platform {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly names: Names
  readonly argon2: Argon2
  /** This server's version, as others are told it. */
  readonly version: string
}

/** Everything between the edge and the database, composed. */
export interface Application<Services> {
  readonly endpoints: readonly Endpoint<Services>[]
  readonly services: Services
  readonly identify: Identify
  /** The listeners are open: begin the work that nobody asks for (senders, clean-up). Not called for a single command. */
  begin(): void
  /** Every request is answered: finish what runs, write out what is in memory, close the database. */
  stop(): Promise<void>
}

/** Milliseconds that transactions under way to other servers get when the server stops. */
const senderStopMs = 1_500

/** Open the database and compose the layers on it. No other process has the data folder, until this one is stopped: the caller sees to that. */
export async function openApplication(config: Config, platform: Platform): Promise<Application<Services>> {
  const home = await processHome(config.server.dataDir, platform.random)
  const storage = await openStorage(config, platform, home)
  try {
    const transport = await openTransport(config, platform)
    const { signing, others, old } = transport.ownKeys
    const keys = [signing, ...others, ...old].map(({ keyId, publicKey }) => `${keyId} ${encodeBase64(publicKey)}`)
    await claimSigningKey(storage.db, keys, config.server.signingKeyFile)
    return composeApplication(config, platform, storage, transport)
  } catch (error) {
    await storage.db.close()
    throw error
  }
}

/** What the operations of the server need. */
export type Services = ReturnType<typeof composeServices>['services']

/** Put the layers together, from the lowest up. */
export function composeApplication(config: Config, platform: Platform, storage: Storage, transport: Transport): Application<Services> {
  const composed = composeServices(config, platform, storage, transport)
  const { services, rooms, users, federation, layer, encryption } = composed
  return {
    endpoints: [
      ...userEndpoints,
      ...userAdminEndpoints,
      ...roomAdminEndpoints,
      ...roomsEndpoints,
      ...readingEndpoints,
      ...encryptionEndpoints,
      ...deviceListEndpoints,
      ...mediaEndpoints,
      ...federationEndpoints,
      ...rooms.cluster.endpoints,
    ],
    services,
    identify: {
      user: (token, request) => users.callers.identify(token, request),
      server: (request) => federation.verifier.verify(request),
    },
    begin: () => {
      layer.senders.start().catch((error: unknown) => platform.log.error({ err: error }, 'the senders to other servers did not start'))
      rooms.tasks.start()
      rooms.moves.start()
      rooms.purge.start()
      encryption.ownDeviceLists.start()
      encryption.remoteDeviceLists.start()
      services.mediaSweeper.start()
      storage.ownership.onGained((shards) => void takeOver(rooms, new Set(shards)))
      storage.ownership.onLost((shards) => rooms.engine.release(new Set(shards)))
    },
    stop: async () => {
      rooms.tasks.stop()
      rooms.moves.stop()
      rooms.purge.stop()
      rooms.resyncs.stop()
      rooms.remoteLeaves.stop()
      await encryption.ownDeviceLists.stop()
      await encryption.remoteDeviceLists.stop()
      await encryption.listIntroductions.stop()
      await services.mediaSweeper.stop()
      services.thumbnails.stop()
      await layer.senders.stop(senderStopMs)
      await rooms.inbox.idle()
      await users.lastSeen.flush()
      await layer.slidingSync.flush()
      await transport.close()
      await rooms.cluster.close()
      await storage.db.close()
    },
  }
}

/** Rooms came to this process: what it knew of them as a reader may be old, and their inboxes wait. */
async function takeOver(rooms: RoomLayer, shards: ReadonlySet<number>): Promise<void> {
  await rooms.engine.release(shards)
  await rooms.inbox.start(shards)
  await rooms.unverified.start(shards)
  await rooms.undecided.start(shards)
  await rooms.resyncs.start(shards)
  await rooms.remoteLeaves.start(shards)
}

function composeServices(config: Config, platform: Platform, storage: Storage, transport: Transport) {
  const federation = composeFederation(config, platform, storage.db, transport)
  const outbox = new ListOutbox(platform)
  const users = composeUserLayer(config, platform, storage.db, federation, forgettingConnections(encryptionEffects(outbox)))
  const rooms = composeRooms(config, platform, storage, federation, users, outbox)
  const { ports, cluster } = rooms
  const encryption = composeEncryption({
    ...platform,
    db: storage.db,
    serverName: config.server.name,
    epoch: storage.facts.storeEpoch,
    client: federation.client,
    destinations: federation.destinations,
    namesAbroad: config.federation.deviceNames,
    outbox,
    transactions: ports.transactions,
    removal: (userId, deviceIds) => users.sessions.removal(userId, deviceIds),
  })
  const layer = composeReading(platform, storage, federation, users, rooms, cluster, encryption, {
    presence: config.server.presence,
  })
  const transactions = composeTransactions(platform, federation, rooms, layer)
  const serverName = config.server.name
  const services = {
    ...users,
    ...encryption,
    ...composeContentRepository(config, platform, storage, federation),
    deviceListStream: layer.deviceListStream,
    db: storage.db,
    clock: platform.clock,
    random: platform.random,
    serverName,
    defaultRoomVersion: config.server.defaultRoomVersion,
    clientFacts: clientFacts(config),
    rooms: rooms.rooms,
    flaggedRooms: new FlaggedRooms(storage.db),
    roomDirectory: rooms.roomDirectory,
    remotePublicRooms: (server: ServerName, query: RemoteDirectoryQuery) => remotePublicRooms(federation.client, server, query),
    servedReads: rooms.servedReads,
    hierarchy: rooms.hierarchy,
    reading: layer.reading,
    sync: layer.sync,
    slidingSync: layer.slidingSync,
    syncFilters: layer.syncFilters,
    typing: layer.typing,
    presence: layer.presence,
    readMarkers: layer.readMarkers,
    sharedSecretRegistration: new SharedSecretRegistration({
      clock: platform.clock,
      random: platform.random,
      sharedSecret: config.registration.sharedSecret,
    }),
    publishedKeys: federation.published,
    policySigner: policySigner(federation),
    notary: federation.notary,
    publicRoomsOverFederation: config.federation.publicRooms,
    softwareVersion: platform.version,
    transactions,
  }
  return { services, rooms, users, federation, layer, encryption }
}

/** What clients are told about this server. The unstable features are those that exist. */
function clientFacts({ server }: Config): ClientFacts {
  return {
    serverName: server.name,
    publicBaseUrl: server.publicBaseUrl,
    defaultRoomVersion: server.defaultRoomVersion,
    unstableFeatures: {
      'org.matrix.e2e_cross_signing': true,
      'org.matrix.msc3814': true,
      'org.matrix.msc3874': true,
      'uk.tcpip.msc4133': true,
      'org.matrix.msc4155': true,
      'org.matrix.msc4222': true,
      'org.matrix.msc4306': true,
      'org.matrix.simplified_msc3575': true,
    },
  }
}

/** Transactions of other servers; events of rooms that another process owns are handed on to it. */
function composeTransactions(platform: Platform, federation: Federation, rooms: RoomLayer, layer: ReadingLayer): Transactions {
  const { engine, inbox, ports, cluster } = rooms
  const { calls } = cluster
  return new Transactions(
    {
      engine,
      inbox,
      unverified: rooms.unverified,
      peers: ports.peers,
      log: platform.log,
      receiveEdu: receiveEdus(layer.edus),
      elsewhere: (roomId, origin, pdus) =>
        calls.owns(shardOf(roomId)) ? undefined : calls.call(roomId, 'admitPdus', { roomId, origin, pdus }).then(({ answers }) => answers),
    },
    (origin) => federation.destinations.heardFrom(origin),
  )
}
