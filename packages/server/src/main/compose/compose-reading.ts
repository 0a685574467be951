import { parseEventId, type RoomId, type ServerName, type UserId } from '@causeway/events'
import { parseReceiptEdu, parseTypingEdu, typingEdu } from '../../ephemeral/edus.ts'
import { ReadMarkers } from '../../ephemeral/read-markers.ts'
import type { Receipt } from '../../ephemeral/receipt-announcement.ts'
import type { Presence } from '../../ephemeral/presence.ts'
import { Receipts } from '../../ephemeral/receipts.ts'
import { RoomReceipts } from '../../ephemeral/room-receipts.ts'
import { Typing, type TypingNotice } from '../../ephemeral/typing.ts'
import type { DeviceListStream } from '../../e2ee/device-list-stream.ts'
import type { Encryption } from '../../e2ee/compose-e2ee.ts'
import { Senders } from '../../federation/senders/senders.ts'
import type { EduEffect } from '../../rooms/inbound/receive-transaction.ts'
import { serverAllowed } from '../../rooms/inbound/server-acl.ts'
import type { RoomEngine } from '../../rooms/engine/room-engine.ts'
import type { RoomView } from '../../rooms/engine/room-view.ts'
import type { ReadingPorts } from '../../rooms/history/reading-ports.ts'
import { receiptTarget } from '../../rooms/history/receipt-target.ts'
import type { Positions } from '../../rooms/history/positions.ts'
import { isJoinedMember, locateEvent } from '../../rooms/history/room-membership.ts'
import { StateHistory } from '../../rooms/history/state-history.ts'
import { Unread } from '../../rooms/history/unread.ts'
import type { Database } from '../../storage/database.ts'
import { encryptionSections } from '../../sync/encryption-sections.ts'
import { connectionWriteAfterMs } from '../../sync/sliding/limits.ts'
import { SlidingSync } from '../../sync/sliding/sliding-sync.ts'
import { RecentLists } from '../../sync/recent-lists.ts'
import { SyncFilters } from '../../sync/sync-filter.ts'
import { Sync } from '../../sync/sync.ts'
import type { UserRooms } from '../../sync/user-rooms.ts'
import type { Users } from '../../users/compose-users.ts'
import type { Platform } from '../application.ts'
import type { Cluster } from './compose-cluster.ts'
import { composeDeviceListStream, encryptionEdus, followMembers } from './compose-encryption.ts'
import type { Federation } from './compose-federation.ts'
import { composePresence } from './compose-presence.ts'
import type { RoomLayer } from './compose-rooms.ts'
import type { Storage } from './open-storage.ts'
import type { EduReceiver } from './receive-edu.ts'

/** Reading rooms, and what is said of reading; and the way of all that to other servers. */
export interface ReadingLayer {
  readonly reading: ReadingPorts
  readonly deviceListStream: DeviceListStream
  readonly sync: Sync
  readonly slidingSync: SlidingSync
  readonly syncFilters: SyncFilters
  readonly typing: Typing
  /** Absent where the operator has turned it off. */
  readonly presence: Presence | undefined
  readonly readMarkers: ReadMarkers
  readonly senders: Senders
  readonly edus: Readonly<Record<string, EduReceiver>>
}

/** Typing notices are told to the other processes under this name. */
const typingMessage = 'typing'

/** Compose /sync, history, receipts and typing, and the senders that carry events and EDUs out. */
export function composeReading(
  platform: Platform,
  storage: Storage,
  federation: Federation,
  users: Users,
  rooms: RoomLayer,
  cluster: Cluster,
  encryption: Encryption,
  options: { readonly presence: boolean },
): ReadingLayer {
  const { db } = storage
  const { clock, log } = platform
  const { engine } = rooms
  const serverName = engine.ports.serverName
  const roomReceipts = new RoomReceipts(db)
  const senders = new Senders({ ...platform, db, serverName, client: federation.client, destinations: federation.destinations })
  const typing = composeTyping(platform, engine, senders, cluster)
  const wake = (userId: UserId): void => sync.stream.wakeUser(userId)
  const arrivals = composeArrivals(
    db,
    (userId) => sync.userRooms.of(userId),
    () => deviceListStream,
  )
  const present = options.presence ? composePresence({ serverName, clock, log, db, typing, senders, cluster, wake, arrivals }) : undefined
  const receipts = composeReceipts(storage, platform, engine, senders)
  const stateHistory = new StateHistory(db, engine)
  const reading: ReadingPorts = {
    db,
    engine,
    clock,
    stateHistory,
    ...composeFilling(cluster, rooms),
    complete: rooms.ports.complete,
    ignoredBy: (userId) => sync.stream.ignored.of(userId),
  }
  const deviceListStream = composeDeviceListStream(storage, engine, stateHistory)
  followMembers(storage, encryption)
  const sync = new Sync({
    db,
    engine,
    clock,
    epoch: storage.facts.storeEpoch,
    stateHistory,
    typing,
    receipts: roomReceipts,
    unread: new Unread({ db, receiptsOf: (room, userId) => roomReceipts.ofUser(room, userId) }),
    accountData: users.accountDataEvents,
    globalData: (userId, type) => users.accountData.find({ userId, roomId: '', type }),
    extensions: [
      encryptionSections({ ...encryption, db, deviceListStream, roomsOf: (userId) => sync.userRooms.of(userId) }),
      ...(present?.extensions ?? []),
    ],
  })
  return {
    reading,
    deviceListStream,
    sync,
    // With other processes beside it, the next request may go to one that has only what is stored.
    slidingSync: new SlidingSync(sync.stream, platform.random, storage.cluster === undefined ? connectionWriteAfterMs : 0),
    syncFilters: new SyncFilters(async (userId, filterId) => users.filters.find(userId, filterId)),
    typing,
    presence: present?.presence,
    readMarkers: composeReadMarkers(engine, receipts, users),
    senders,
    edus: {
      ...encryptionEdus(encryption),
      ...present?.edus,
      ...ephemeralEdus(engine, typing, receipts),
    },
  }
}

function composeReadMarkers(engine: RoomEngine, receipts: Receipts, { accountData }: Users): ReadMarkers {
  return new ReadMarkers({
    receipts,
    target: (roomId, userId, eventId, thread) => receiptTarget(engine, roomId, userId, eventId, thread),
    locate: (roomId, eventId) => locateEvent(engine, roomId, eventId),
    accountData,
  })
}

/** Those who came to share a room with a user are among those whose devices are news to them. */
function composeArrivals(db: Database, roomsOf: (userId: UserId) => Promise<UserRooms>, stream: () => DeviceListStream) {
  const recent = new RecentLists(db)
  return async (userId: UserId, since: Positions, now: Positions): Promise<readonly string[]> =>
    recent.mayHaveChanged(await roomsOf(userId), since) ? (await stream().between(userId, since, now)).changed : []
}

/** What is said in a room is not heard from servers that the room's ACL keeps out. Server-Server API, "Server Access Control Lists". */
function ephemeralEdus(engine: RoomEngine, typing: Typing, receipts: Receipts): Readonly<Record<string, EduReceiver>> {
  const mayAct = async (roomId: RoomId, origin: ServerName): Promise<boolean> => {
    const view = await engine.view(roomId)
    return view !== undefined && serverAllowed(engine.ports.db, view, origin)
  }
  return {
    'm.typing': async (origin, content): Promise<EduEffect> => {
      const notice = parseTypingEdu(content)
      if (notice !== undefined && (await mayAct(notice.roomId, origin))) await typing.receive(origin, notice)
      return {}
    },
    'm.receipt': async (origin, content): Promise<EduEffect> => {
      const received = parseReceiptEdu(content)
      const heard = new Set<RoomId>()
      for (const roomId of new Set(received.map((receipt) => receipt.roomId))) if (await mayAct(roomId, origin)) heard.add(roomId)
      await receipts.receive(
        origin,
        received.filter((receipt) => heard.has(receipt.roomId)),
      )
      return {}
    },
  }
}

/** History is filled in the process that owns the room. */
function composeFilling({ calls }: Cluster, { ports }: RoomLayer): Pick<ReadingPorts, 'backfill' | 'findElsewhere'> {
  const filled = async (view: RoomView, ask: (roomId: RoomId) => Promise<{ readonly more: boolean }>): Promise<boolean> => {
    // The state at a gap is what is being fetched of a room that we have joined fast.
    if (view.partial !== undefined) await ports.complete(view.roomId)
    const { more } = await ask(view.roomId)
    // The reader may hold a view that was dropped meanwhile.
    if (view.chain.broken) view.forgetEvents()
    return more
  }
  return {
    backfill: (view, place, from) =>
      filled(view, (roomId) => calls.call(roomId, 'backfill', { roomId, depth: place.depth, upTo: from.depth })),
    findElsewhere: (view, question) => filled(view, (roomId) => calls.call(roomId, 'findElsewhere', { roomId, ...question })),
  }
}

/** Who types: told to the other servers of the room, and to the other processes of this one. */
function composeTyping(platform: Platform, engine: RoomEngine, senders: Senders, cluster: Cluster): Typing {
  const typing = new Typing({
    clock: platform.clock,
    isJoined: (roomId, userId) => isJoinedMember(engine, roomId, userId),
    broadcast: (notice) => {
      cluster.tell(typingMessage, notice)
      void sendTyping(engine, senders, notice)
    },
  })
  cluster.onTold(typingMessage, (body) => {
    if (isTypingNotice(body)) typing.relay(body)
  })
  return typing
}

/** Read receipts, the public ones told to the other servers of the room. */
function composeReceipts(storage: Storage, platform: Platform, engine: RoomEngine, senders: Senders): Receipts {
  return new Receipts({
    db: storage.db,
    clock: platform.clock,
    locate: (roomId, eventId) => locateEvent(engine, roomId, eventId),
    isJoined: (roomId, userId) => isJoinedMember(engine, roomId, userId),
    federateReceipt: (roomId, receipt) => void sendReceipt(engine, senders, roomId, receipt),
  })
}

async function sendTyping(engine: RoomEngine, senders: Senders, notice: TypingNotice): Promise<void> {
  const { roomId, userId } = notice
  senders.sendEdu(
    await othersIn(engine, roomId),
    { type: 'm.typing', content: typingEdu(notice) },
    { coalesceKey: `typing ${roomId} ${userId}` },
  )
}

async function sendReceipt(engine: RoomEngine, senders: Senders, roomId: RoomId, { userId, eventId, ts, thread }: Receipt): Promise<void> {
  const event = parseEventId(eventId)
  if (event === undefined) return
  senders.sendReceipt(await othersIn(engine, roomId), {
    roomId,
    userId,
    eventId: event,
    ts,
    ...(thread === '' ? {} : { threadId: thread }),
  })
}

/** The other servers of a room. */
async function othersIn(engine: RoomEngine, roomId: RoomId): Promise<ServerName[]> {
  const view = await engine.view(roomId)
  return [...(view?.servers.keys() ?? [])].filter((server) => server !== engine.ports.serverName)
}

function isTypingNotice(body: unknown): body is TypingNotice {
  return typeof body === 'object' && body !== null && 'roomId' in body && 'userId' in body && 'typing' in body && 'timeoutMs' in body
}
