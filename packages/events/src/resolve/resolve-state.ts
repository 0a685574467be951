import type { EventId } from '../ids/ids.ts'
import type { Pdu } from '../pdu/pdu.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import type { Conflict, StateMap } from './conflict.ts'
import { resolveV1 } from './resolve-v1.ts'
import { resolveV2 } from './resolve-v2.ts'

/** States to be made one, and how to look at events. All events are of one room. */
export interface ResolutionInput extends Conflict {
  readonly rules: RoomRules
  /** A loaded event. */
  readonly event: (eventId: EventId) => Pdu | undefined
  /** The auth events of an event whose body need not be loaded; by default those of the loaded events. Most of a walk needs no more. */
  readonly authEvents?: (eventId: EventId) => readonly EventId[] | undefined
  /** Was this event rejected when it was received? */
  readonly isRejected: (eventId: EventId) => boolean
}

/**
 * The state that the given ones resolve to, or what must be loaded before that can be said. `resolved` holds the entries beside the
 * unconflicted ones; together they are the whole state.
 */
export type Resolution = { readonly resolved: StateMap } | { readonly missing: readonly EventId[] }

/**
 * Resolves a conflict by the room version's algorithm: v1, v2, or v2.1, which begins with an empty state and replays the conflicted state
 * subgraph. The order of the sets and of their entries does not matter. Rejected events never enter the state and authorize nothing.
 *
 * When something is missing, load all of it and call again. With `authEvents` from an index of the graph that takes few rounds.
 * https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
 */
export function resolveState(input: ResolutionInput): Resolution {
  if (input.sets.every((set) => set.size === 0)) return { resolved: new Map() }
  return input.rules.stateResolution === 'v1' ? resolveV1(input) : resolveV2(input)
}
