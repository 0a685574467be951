import type { EventId } from '../ids/ids.ts'
import type { StateTuple } from './state-tuple.ts'

/** A state: which event stands for which type and state key. */
export type StateMap = ReadonlyMap<StateTuple, EventId>

/** The entries that some states have in common. They may be a whole large room: they are looked up, and gone through as a last resort. */
export interface CommonState {
  get(tuple: StateTuple): EventId | undefined
  has(tuple: StateTuple): boolean
  /** Does one of the entries name this event? */
  includes(eventId: EventId): boolean
  /** The event of the entry with the type and state key of this event, where that is known. */
  heirOf?(eventId: EventId): EventId | undefined
  /** The entries' events, those before `floor` left out (see `order` of `ResolutionInput`). */
  events(floor: number): Iterable<EventId>
}

/** Several states, taken apart. */
export interface Conflict {
  /** For each state the entries whose keys are not the same in all of them. A key that is absent here is absent in that state. */
  readonly sets: readonly StateMap[]
  /** The entries that all states have. */
  readonly unconflicted: CommonState
}

/**
 * Takes states apart into what they agree on and the rest. "If a given key K is present in every state with the same value V in each state
 * map, then the pair (K, V) belongs to the unconflicted state map. Otherwise, V belongs to the conflicted state set."
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 *
 * `common` has the unconflicted entries once more, as a map.
 */
export function conflictOf(states: readonly StateMap[]): Conflict & { readonly common: StateMap } {
  const [first, ...others] = states
  const unconflicted = new Map<StateTuple, EventId>()
  for (const [tuple, eventId] of first ?? []) {
    if (others.every((state) => state.get(tuple) === eventId)) unconflicted.set(tuple, eventId)
  }
  const sets = states.map((state) => new Map([...state].filter(([tuple]) => !unconflicted.has(tuple))))
  return { sets, unconflicted: commonState(unconflicted), common: unconflicted }
}

function commonState(entries: StateMap): CommonState {
  const events = new Set(entries.values())
  return {
    get: (tuple) => entries.get(tuple),
    has: (tuple) => entries.has(tuple),
    includes: (eventId) => events.has(eventId),
    events: () => events,
  }
}
