import type { EventId } from '../ids/ids.ts'
import type { Pdu } from '../pdu/pdu.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import type { Conflict, StateMap } from './conflict.ts'

/** States to be made one, and how to look at events. All events are of one room. */
export interface ResolutionInput extends Conflict {
  readonly rules: RoomRules
  /** A loaded event. */
  readonly event: (eventId: EventId) => Pdu | undefined
  /** The auth events of an event whose body need not be loaded; by default those of the loaded events. Most of a walk needs no more. */
  readonly authEvents?: (eventId: EventId) => readonly EventId[] | undefined
  /**
   * A number of each event whose auth events are known, lower than that of no event that it rests on. A walk that looks for an event need
   * not go past those with lower numbers, so that it ends soon in an old room. Absent where no such order is known.
   */
  readonly order?: (eventId: EventId) => number | undefined
  /** Was this event rejected when it was received? */
  readonly isRejected: (eventId: EventId) => boolean
}

/**
 * The state that the given ones resolve to, or what must be loaded before that can be said. `resolved` holds the entries beside the
 * unconflicted ones; together they are the whole state.
 */
export type Resolution = { readonly resolved: StateMap } | { readonly missing: readonly EventId[] }
