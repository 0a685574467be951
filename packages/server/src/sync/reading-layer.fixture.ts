import type { EventId, RoomId, UserId } from '@causeway/events'
import type { Receipt } from '../ephemeral/receipt-announcement.ts'
import { ReadMarkers } from '../ephemeral/read-markers.ts'
import type { Presence } from '../ephemeral/presence.ts'
import { Receipts } from '../ephemeral/receipts.ts'
import { RoomReceipts } from '../ephemeral/room-receipts.ts'
import { Typing, type TypingNotice } from '../ephemeral/typing.ts'
import type { Clock } from '../platform/clock.ts'
import { realRandom } from '../platform/random.ts'
import type { RoomEngine } from '../rooms/engine/room-engine.ts'
import type { Backfill } from '../rooms/history/messages.ts'
import type { ReadingPorts } from '../rooms/history/reading-ports.ts'
import { receiptTarget } from '../rooms/history/receipt-target.ts'
import { isJoinedMember, locateEvent } from '../rooms/history/room-membership.ts'
import { StateHistory } from '../rooms/history/state-history.ts'
import { Unread } from '../rooms/history/unread.ts'
import type { Database } from '../storage/database.ts'
import type { AccountDataEvents } from '../users/account-data/account-data-events.ts'
import type { AccountData } from '../users/account-data/account-data.ts'
import type { Filters } from '../users/filters/filters.ts'
import { SlidingSync } from './sliding/sliding-sync.ts'
import { SyncFilters } from './sync-filter.ts'
import type { SyncExtension } from './sync-ports.ts'
import { Sync } from './sync.ts'

/** What reading and /sync need of the rest. */
export interface ReadingLayerPorts {
  readonly db: Database
  readonly engine: RoomEngine
  readonly clock: Clock
  /** The epoch of the store, from its facts: a restore raises it. */
  readonly epoch: number
  readonly accountData: Pick<AccountData, 'find' | 'change'>
  readonly accountDataEvents: Pick<AccountDataEvents, 'all' | 'changes' | 'content'>
  readonly filters: Pick<Filters, 'find'>
  /** Fetches older history from other servers; `async () => false` where there are none. */
  readonly backfill: Backfill
  /** Tells the other servers of the room, and the other processes of this one. */
  readonly broadcastTyping: (notice: TypingNotice) => void
  /** Tells the other servers of the room. */
  readonly federateReceipt: (roomId: RoomId, receipt: Receipt) => void
  /** What other parts add to /sync. */
  readonly extensions: readonly SyncExtension[]
  /** Makes presence, which most tests do without. */
  readonly presence?: (typing: Typing, sync: Sync) => Presence
}

/** The services, by the names that operations ask for. */
export interface ReadingLayer {
  readonly db: Database
  readonly clock: Clock
  readonly presence: Presence | undefined
  readonly reading: ReadingPorts
  readonly typing: Typing
  readonly receipts: Receipts
  readonly readMarkers: ReadMarkers
  readonly unread: Unread
  readonly sync: Sync
  readonly slidingSync: SlidingSync
  readonly syncFilters: SyncFilters
}

/** Put the layer together; before anybody writes, for it follows every commit. */
export function composeReading(ports: ReadingLayerPorts): ReadingLayer {
  const { db, engine, clock, accountDataEvents } = ports
  const stateHistory = new StateHistory(db, engine)
  const reading: ReadingPorts = {
    complete: async () => undefined,
    db,
    engine,
    clock,
    stateHistory,
    backfill: ports.backfill,
    findElsewhere: async () => false,
    ignoredBy: (userId) => sync.stream.ignored.of(userId),
  }
  const isJoined = (roomId: RoomId, userId: UserId): Promise<boolean> => isJoinedMember(engine, roomId, userId)
  const locate = (roomId: RoomId, eventId: string) => locateEvent(engine, roomId, eventId)
  const roomReceipts = new RoomReceipts(db)
  const unread = new Unread({ db, receiptsOf: (room, userId) => roomReceipts.ofUser(room, userId) })
  const typing = new Typing({ clock, isJoined, broadcast: ports.broadcastTyping })
  const receipts = new Receipts({ db, clock, locate, isJoined, federateReceipt: ports.federateReceipt })
  const target = (roomId: RoomId, userId: UserId, eventId: EventId, thread: string) =>
    receiptTarget(engine, roomId, userId, eventId, thread)
  const sync = new Sync({
    db,
    engine,
    clock,
    epoch: ports.epoch,
    stateHistory,
    typing,
    receipts: roomReceipts,
    unread,
    accountData: accountDataEvents,
    globalData: (userId, type) => accountDataEvents.content({ userId, roomId: '', type }),
    extensions: ports.extensions,
  })
  return {
    db,
    clock,
    presence: ports.presence?.(typing, sync),
    reading,
    typing,
    receipts,
    readMarkers: new ReadMarkers({ receipts, target, locate, accountData: ports.accountData }),
    unread,
    sync,
    slidingSync: new SlidingSync(sync.stream, realRandom()),
    syncFilters: new SyncFilters((userId, filterId) => ports.filters.find(userId, filterId)),
  }
}
