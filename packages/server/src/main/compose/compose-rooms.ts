import type { ServerName } from '@causeway/events'
import type { Config } from '../../config/config.ts'
import { RemoteRooms } from '../../federation/remote-rooms.ts'
import { announceForeignEncryption } from '../../e2ee/foreign-changes.ts'
import { devicesSince, type ListOutbox } from '../../e2ee/list-outbox.ts'
import { announceForeignReceipts } from '../../ephemeral/foreign-receipts.ts'
import { announceForeignRooms } from '../../rooms/foreign-rooms.ts'
import { announceForeignThreadSubscriptions } from '../../rooms/foreign-thread-subscriptions.ts'
import { announceForeignAccountData } from '../../users/account-data/foreign-account-data.ts'
import { RoomEngine } from '../../rooms/engine/room-engine.ts'
import { TransactionMemory } from '../../rooms/engine/transaction-memory.ts'
import { Inbox } from '../../rooms/inbound/inbox.ts'
import { Undecided } from '../../rooms/inbound/undecided.ts'
import { Unverified } from '../../rooms/inbound/unverified.ts'
import { FederationMembershipPeers } from '../../rooms/peers/federation-membership-peers.ts'
import { RemoteHierarchy } from '../../rooms/peers/remote-hierarchy.ts'
import { remoteAliasTarget } from '../../rooms/peers/remote-alias.ts'
import { RemoteLeaves } from '../../rooms/membership/remote-leaves.ts'
import { Completions } from '../../rooms/partial/completions.ts'
import { Resyncs } from '../../rooms/partial/resyncs.ts'
import { PushAudiences } from '../../rooms/push/push-audiences.ts'
import { PurgeAnswers } from '../../rooms/purge-answers.ts'
import { RoomDirectory } from '../../rooms/room-directory.ts'
import { roomMethods, type RoomPorts } from '../../rooms/room-methods.ts'
import { RoomNumbers } from '../../rooms/room-numbers.ts'
import { Rooms } from '../../rooms/rooms.ts'
import { ServedReads } from '../../rooms/serve/serve-reads.ts'
import { Hierarchy } from '../../rooms/spaces/hierarchy.ts'
import { PersonalMoves } from '../../rooms/upgrade/personal-moves.ts'
import { UserRoomTasks } from '../../rooms/user-room-tasks.ts'
import type { Platform } from '../application.ts'
import { composeCluster, type Cluster } from './compose-cluster.ts'
import type { Federation } from './compose-federation.ts'
import { composePolicy } from './compose-policy.ts'
import { composeInviting, countTogether } from './compose-inviting.ts'
import { copyRoomSettings } from '../../users/account-data/copy-room-settings.ts'
import type { Users } from '../../users/compose-users.ts'
import { memberProfile, roomRules } from './compose-user-layer.ts'
import type { Storage } from './open-storage.ts'
import type { StateReset } from '../../rooms/engine/state-resets.ts'

/** The rooms, and what can be done to them. */
export interface RoomLayer {
  readonly engine: RoomEngine
  readonly inbox: Inbox
  readonly undecided: Undecided
  readonly unverified: Unverified
  readonly resyncs: Resyncs
  readonly remoteLeaves: RemoteLeaves
  readonly completions: Completions
  readonly ports: RoomPorts
  readonly rooms: Rooms
  readonly roomDirectory: RoomDirectory
  readonly servedReads: ServedReads
  readonly hierarchy: Hierarchy
  readonly tasks: UserRoomTasks
  readonly moves: PersonalMoves
  readonly purge: PurgeAnswers
  readonly cluster: Cluster
}

/** The engine, its commands, and the way to them from every process. */
export function composeRooms(
  config: Config,
  platform: Platform,
  storage: Storage,
  federation: Federation,
  users: Users,
  outbox: ListOutbox,
): RoomLayer {
  const { db } = storage
  const { log } = platform
  const audiences = new PushAudiences(db, roomRules(users))
  const engine = new RoomEngine(
    {
      ...platform,
      db,
      serverName: config.server.name,
      signer: federation.signer,
      erased: users.erasedUsers,
      audienceOf: (view, thread) => audiences.of(view, thread),
      onStateReset: tellResets(platform),
    },
    config.cache.roomViewsMb * 1024 * 1024,
  )
  const completions = new Completions(engine)
  const policyDesk = composePolicy(config, platform, federation, engine)
  const peers = new RemoteRooms({ ...federation, serverName: config.server.name, ownDesk: policyDesk })
  const membershipPeers = new FederationMembershipPeers(federation.client)
  const owns = (shard: number): boolean => storage.ownership.owns(shard)
  const onKeysTold = (listener: (server: ServerName) => void): void => federation.ring.onTold(listener)
  const inbound = composeInbound({ engine, peers, log, owns, onKeysTold }, (userIds, since) => devicesSince(db, outbox, userIds, since))
  const { resyncs } = inbound
  followOthers(storage, engine)
  const numbers = new RoomNumbers(db)
  const remoteLeaves = new RemoteLeaves({ engine, membershipPeers, log, owns })
  const inviting = composeInviting(config, platform, federation, users)
  const ports: RoomPorts = {
    engine,
    transactions: new TransactionMemory(db),
    peers,
    policyDesk,
    membershipPeers,
    ...inbound,
    log,
    newRoomNumber: () => numbers.next(),
    owns,
    remoteLeaves,
    ...inviting,
    profileOf: (userId) => memberProfile(users, userId),
    turnOnThreadRules: (userId) => users.pushRules.turnOnThreadRules(userId),
    background: (work) => void work().catch((error: unknown) => log.warn({ err: error }, 'work in the background failed')),
    omitMembers: true,
    fetchRest: (roomId) => resyncs.begin(roomId),
    complete: (roomId) => completions.wait(roomId),
  }
  const methods = roomMethods(ports)
  const cluster = composeCluster(platform, storage, methods)
  countTogether(inviting.inviteGate, cluster)
  const rooms = new Rooms(ports, cluster.calls)
  return {
    engine,
    ...inbound,
    remoteLeaves,
    completions,
    ports,
    rooms,
    ...composeLookups(ports, federation),
    ...composeTasks(ports, rooms, users),
    cluster,
  }
}

/** What takes in events of other servers, at once or later, and the rest of states. */
function composeInbound(
  ports: Omit<ConstructorParameters<typeof Unverified>[0], 'inbox'>,
  tellDevices: ConstructorParameters<typeof Resyncs>[0]['tellDevices'],
): Pick<RoomLayer, 'inbox' | 'undecided' | 'unverified' | 'resyncs'> {
  const inbox = new Inbox(ports)
  const [undecided, unverified] = [new Undecided({ ...ports, inbox }), new Unverified({ ...ports, inbox })]
  return { inbox, undecided, unverified, resyncs: new Resyncs({ ...ports, tellDevices }) }
}

/** What is worked off in the background. */
function composeTasks(ports: RoomPorts, rooms: Rooms, users: Users): Pick<RoomLayer, 'tasks' | 'moves' | 'purge'> {
  const { engine, log } = ports
  const { clock, db } = engine.ports
  return {
    tasks: new UserRoomTasks({ ...ports, clock, log }, rooms),
    moves: new PersonalMoves({ engine, clock, log, copySettings: (userId, from, to) => copyRoomSettings(users, userId, from, to) }),
    purge: new PurgeAnswers({ db, clock, log }),
  }
}

/** What is looked up of rooms, here and elsewhere. */
function composeLookups(
  { engine, complete }: RoomPorts,
  { client }: Federation,
): Pick<RoomLayer, 'roomDirectory' | 'servedReads' | 'hierarchy'> {
  const { clock, serverName } = engine.ports
  return {
    roomDirectory: new RoomDirectory({ engine, remoteAlias: (server, alias) => remoteAliasTarget(client, server, alias) }),
    servedReads: new ServedReads(engine, complete),
    hierarchy: new Hierarchy({ engine, remote: new RemoteHierarchy({ client, clock, serverName }) }),
  }
}

/** Warn the operator, and count. */
function tellResets({ log, metrics }: Platform): (reset: StateReset) => void {
  const resets = metrics.counter('causeway_state_resets_total', "Times that a room's state fell back to older events")
  return ({ roomId, version, entries }) => {
    resets.add()
    const advice = `it may have been attacked: \`causeway room flagged\` lists such rooms, \`causeway room upgrade\` puts a safer one in its place`
    log.warn({ room: roomId, version, entries }, `the state of a room fell back to older events; ${advice}`)
  }
}

/** What other processes commit is announced here as if it were our own. */
function followOthers({ db, cluster, ownership }: Storage, engine: RoomEngine): void {
  cluster?.setAnnounceRows(async (foreign) => {
    const events = await cluster.foreignEvents(foreign.slot, foreign.after, foreign.position)
    return [
      ...(await announceForeignRooms(engine, (shard) => ownership.owns(shard), foreign, events)),
      ...(await announceForeignReceipts(db, foreign)),
      ...(await announceForeignThreadSubscriptions(db, foreign)),
      ...(await announceForeignAccountData(db, foreign)),
      ...(await announceForeignEncryption(db, foreign)),
    ]
  })
}
