import type { StoredEvent } from '../../rooms/engine/stored-event.ts'
import type { RelevantRoom } from './room-lists.ts'
import type { SlidingWish } from './sliding-wish.ts'

/** A room's entry of an answer. */
export interface RoomEntry {
  /** The entry as JSON, without its room id. */
  readonly text: string
  /** The room is sent as if for the first time. */
  readonly initial: boolean
  readonly timeline: readonly StoredEvent[]
}

/** The members that every entry begins with. */
export function headOf(wish: SlidingWish, { membership, bumpStamp }: RelevantRoom): string {
  const direct = wish.direct.has(membership.roomId) ? ',"is_dm":true' : ''
  return `{"membership":"${membership.membership}","bump_stamp":${bumpStamp}${direct}`
}
