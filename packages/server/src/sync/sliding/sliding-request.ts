import type { SyncCaller } from '../sync-ports.ts'
import type { Waiter } from '../sync-stream.ts'
import type { RequiredState } from './required-state.ts'

/** What is wanted of a room, by a list or by a subscription. */
export interface RoomWish {
  readonly timelineLimit: number
  readonly requiredState: RequiredState
  readonly includeHeroes: boolean
}

/** Which rooms a list has; what is absent does not filter. */
export interface ListFilters {
  readonly isDm?: boolean | undefined
  readonly isEncrypted?: boolean | undefined
  readonly isInvite?: boolean | undefined
  /** `undefined` in a list of types is a room without a type. */
  readonly roomTypes?: readonly (string | undefined)[] | undefined
  readonly notRoomTypes?: readonly (string | undefined)[] | undefined
  readonly roomNameLike?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly notTags?: readonly string[] | undefined
  /** Rooms that are children of one of these spaces. */
  readonly spaces?: readonly string[] | undefined
}

export interface ListWish extends RoomWish {
  /** Both ends are part of it; absent is all. */
  readonly ranges: readonly (readonly [first: number, last: number])[] | undefined
  readonly filters: ListFilters
}

/** To which rooms an extension applies: those of these lists, and of these subscriptions; `*` and absent are all. */
export interface RoomSelector {
  readonly lists: readonly string[] | undefined
  readonly rooms: readonly string[] | undefined
}

/** The extensions that are enabled. */
export interface ExtensionWishes {
  readonly accountData?: RoomSelector | undefined
  readonly receipts?: RoomSelector | undefined
  readonly typing?: RoomSelector | undefined
  readonly toDevice?: { readonly since: string | undefined; readonly limit: number | undefined } | undefined
  readonly e2ee?: boolean | undefined
  readonly threadSubscriptions?: { readonly limit: number } | undefined
}

/** A request of simplified sliding sync (MSC4186). */
export interface SlidingRequest extends Waiter {
  readonly caller: SyncCaller
  readonly connId: string
  readonly pos: string | undefined
  readonly txnId: string | undefined
  readonly timeoutMs: number
  readonly lists: ReadonlyMap<string, ListWish>
  readonly subscriptions: ReadonlyMap<string, RoomWish>
  readonly extensions: ExtensionWishes
}
