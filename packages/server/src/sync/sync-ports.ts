import type { RoomId, UserId } from '@causeway/events'
import type { RoomReceipts } from '../ephemeral/room-receipts.ts'
import type { Typing } from '../ephemeral/typing.ts'
import type { Clock } from '../platform/clock.ts'
import type { RoomEngine } from '../rooms/engine/room-engine.ts'
import type { Positions } from '../rooms/history/positions.ts'
import type { StateHistory } from '../rooms/history/state-history.ts'
import type { Unread } from '../rooms/history/unread.ts'
import type { Database } from '../storage/database.ts'
import type { GlobalData } from './account-data-values.ts'
import type { SyncFilter } from './sync-filter.ts'

/** A piece of account data; `roomId` is '' for global data, `content` is JSON. */
export interface AccountDataPiece {
  readonly roomId: RoomId | ''
  readonly type: string
  readonly content: string
}

/** Who syncs. */
export interface SyncCaller {
  readonly userId: UserId
  readonly deviceId: string
  readonly sessionId: number
}

/** What an extension is asked. */
export interface ExtensionRequest {
  readonly caller: SyncCaller
  /** Absent for a first sync. */
  readonly since: Positions | undefined
  /** It is a first sync to us alone: the client goes on from a token that means nothing any more, and does not know it. */
  readonly anew?: boolean
  readonly now: Positions
  /** How far the client has messages to the device, where that is not as far as `since`. */
  readonly toDeviceSince?: Positions | undefined
  /** The serial up to which what is in memory only was told; absent for a first sync. */
  readonly sinceSerial?: number | undefined
  /** May anything of the user's own have changed since then? If not, only what stands in every answer is wanted. */
  readonly userChanged: boolean
  readonly filter: SyncFilter
  /**
   * The sections that are asked for; absent for all. Sliding sync asks for to_device with a `since` of its own, apart from the
   * others: what is not asked for is neither given nor taken as acknowledged.
   */
  readonly wants?: ReadonlySet<SectionName>
  /** Messages of to_device at most, when the client says. */
  readonly limit?: number
}

/** What extensions may add to an answer. */
export type SectionName =
  | 'to_device'
  | 'device_lists'
  | 'device_one_time_keys_count'
  | 'device_unused_fallback_key_types'
  | 'org.matrix.msc2732.device_unused_fallback_key_types'
  | 'presence'

/** A top-level member of the answer. `news`: worth answering for; otherwise it is only there when there is an answer. */
export interface SyncSection {
  readonly name: SectionName
  readonly json: string
  readonly news: boolean
  /** How far it got, where it could not give everything up to `now`: the client's next request begins there. */
  readonly upTo?: Positions
}

/** What other parts add to an answer: to_device, device_lists, device_one_time_keys_count, presence. */
export type SyncExtension = (request: ExtensionRequest) => Promise<readonly SyncSection[]>

/** What /sync stands on. */
export interface SyncPorts {
  readonly db: Database
  readonly engine: RoomEngine
  readonly clock: Clock
  /** Of the store; see `StreamTokens`. */
  readonly epoch: number
  readonly stateHistory: StateHistory
  readonly typing: Typing
  readonly receipts: RoomReceipts
  readonly unread: Unread
  readonly accountData: {
    all(userId: UserId): Promise<readonly AccountDataPiece[]>
    changes(userId: UserId, since: Positions, upTo: Positions): Promise<readonly AccountDataPiece[]>
  }
  readonly globalData: GlobalData
  readonly extensions: readonly SyncExtension[]
}
