import { assert } from '../assert.ts'
import type { TestRoom } from '../auth/room.fixture.ts'
import type { EventId } from '../ids/ids.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { conflictOf, type StateMap } from './conflict.ts'
import type { ResolutionInput } from './resolution.ts'
import { resolveState } from './resolve-state.ts'
import { stateTuple } from './state-tuple.ts'

/** The state of a test room as a map of ids. */
export function stateMap(events: Iterable<Pdu>): StateMap {
  return new Map([...events].map((event) => [stateTuple(event.type, event.stateKey ?? ''), event.eventId]))
}

/** The input that asks for the resolution of these states, with all events of the room loaded. */
export function inputOf(
  room: TestRoom,
  states: readonly StateMap[],
  rejected: ReadonlySet<EventId> = new Set(),
): ResolutionInput & { readonly common: StateMap } {
  const event = (eventId: EventId): Pdu | undefined => room.events.get(eventId)
  return { rules: room.rules, ...conflictOf(states), event, isRejected: (eventId) => rejected.has(eventId) }
}

/** The whole state that these states resolve to. */
export function resolveAll(input: ResolutionInput & { readonly common: StateMap }): StateMap {
  const resolution = resolveState(input)
  assert('resolved' in resolution, 'everything is loaded')
  return new Map([...input.common, ...resolution.resolved])
}

/** The whole state that the states of these forks resolve to. */
export function resolveForks(...forks: readonly TestRoom[]): StateMap {
  const [first] = forks
  assert(first !== undefined, 'there is a fork')
  return resolveAll(
    inputOf(
      first,
      forks.map((fork) => stateMap(fork.state.values())),
    ),
  )
}
