import { hash } from 'node:crypto'
import { authorize } from '../auth/authorize.ts'
import type { EventId } from '../ids/ids.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { missingBase } from './resolving-state.ts'
import type { Resolution, ResolutionInput } from './resolution.ts'
import type { Steps } from './steps.ts'
import { splitStateTuple, stateTuple, type StateTuple } from './state-tuple.ts'

/** The events that decide over others are resolved first, in this order. */
const passes = ['m.room.power_levels', 'm.room.join_rules', 'm.room.member'] as const

/**
 * State resolution of room version 1: "The resolved state is built up in a number of passes; here we use R to refer to the results of the
 * resolution so far." Here a key that some states lack is no conflict: "A conflict occurs between states where those states have
 * different `event_ids` for the same `(event_type, state_key)`."
 * https://spec.matrix.org/v1.19/rooms/v1/#state-resolution
 */
export function* resolveV1(input: ResolutionInput): Steps<Resolution> {
  const candidates = candidatesByTuple(input)
  const missing = new Set<EventId>()
  const events: Pdu[] = []
  for (const eventIds of candidates.values()) {
    for (const eventId of eventIds) {
      const event = input.event(eventId)
      if (event === undefined) missing.add(eventId)
      else events.push(event)
    }
  }
  for (const eventId of yield* missingBase(events, input)) missing.add(eventId)
  if (missing.size > 0) return { missing: [...missing] }

  // "Start by setting R to the union of the states to be resolved, excluding any conflicting events." Where states differ, the rejected
  // events are left out; an event that stays alone by that is the result, but like the conflicting ones it does not count as R here.
  const resolved = new Map<StateTuple, EventId>()
  const alone = new Map<StateTuple, EventId>()
  const conflicts = new Map<StateTuple, readonly Pdu[]>()
  for (const [tuple, eventIds] of candidates) {
    const accepted = eventIds.filter((eventId) => !input.isRejected(eventId))
    const [only] = eventIds.length === 1 ? eventIds : accepted
    if (eventIds.length === 1 && only !== undefined) resolved.set(tuple, only)
    else if (accepted.length === 1 && only !== undefined) alone.set(tuple, only)
    else if (accepted.length > 1) conflicts.set(tuple, inOrder(accepted.flatMap((eventId) => input.event(eventId) ?? [])))
  }
  yield* resolveInPasses(conflicts, resolved, input)
  return { resolved: new Map([...resolved, ...alone]) }
}

/** The events that the states have for each key that is not in all of them, each once. */
function candidatesByTuple(input: ResolutionInput): ReadonlyMap<StateTuple, readonly EventId[]> {
  const candidates = new Map<StateTuple, Set<EventId>>()
  for (const [tuple, eventId] of input.sets.flatMap((set) => [...set])) {
    candidates.set(tuple, (candidates.get(tuple) ?? new Set()).add(eventId))
  }
  return new Map([...candidates].map(([tuple, eventIds]) => [tuple, [...eventIds]]))
}

function* resolveInPasses(
  conflicts: Map<StateTuple, readonly Pdu[]>,
  resolved: Map<StateTuple, EventId>,
  input: ResolutionInput,
): Steps<void> {
  // Keys of one pass do not see each other's results, so that their order does not matter.
  for (const type of passes) {
    const found: [StateTuple, EventId][] = []
    for (const [tuple, events] of conflicts) {
      if (!isOfPass(tuple, type)) continue
      yield
      const chosen = resolveAuthKey(tuple, events, resolved, input)
      if (chosen !== undefined) found.push([tuple, chosen.eventId])
      conflicts.delete(tuple)
    }
    for (const [tuple, eventId] of found) resolved.set(tuple, eventId)
  }

  // "No other events affect the authorisation rules, so for all other conflicts, just pick the event with the highest depth and lowest
  // `sha1(event_id)` that passes authentication in R and add it to R." Where none passes, servers in use take the one of least depth.
  const state = viewOf(new Map(resolved), input)
  for (const [tuple, events] of conflicts) {
    yield
    const chosen = events.findLast((event) => authorize(event, state, input.rules).allowed) ?? events[0]
    if (chosen !== undefined) resolved.set(tuple, chosen.eventId)
  }
}

/** Power levels and join rules with a state key beside the empty one decide over nothing. */
function isOfPass(tuple: StateTuple, type: (typeof passes)[number]): boolean {
  const [ofTuple, stateKey] = splitStateTuple(tuple)
  return ofTuple === type && (type !== 'm.room.power_levels' || stateKey === '')
}

/**
 * "Add the first event in the list to R. For each subsequent event in the list, check that the event would be allowed by the
 * authorisation rules for a room in state R. If the event would be allowed, then update R with the event and continue with the next event
 * in the list. If it would not be allowed, stop …"
 */
function resolveAuthKey(tuple: StateTuple, events: readonly Pdu[], resolved: StateMapSoFar, input: ResolutionInput): Pdu | undefined {
  const [first, ...others] = events
  let chosen = first
  const state = viewOf(resolved, input)
  const withChosen: AuthState = {
    get: (type, stateKey) => (stateTuple(type, stateKey) === tuple ? chosen : state.get(type, stateKey)),
  }
  for (const event of others) {
    if (!authorize(event, withChosen, input.rules).allowed) break
    chosen = event
  }
  return chosen
}

type StateMapSoFar = ReadonlyMap<StateTuple, EventId>

function viewOf(resolved: StateMapSoFar, input: ResolutionInput): AuthState {
  return {
    get(type, stateKey) {
      const tuple = stateTuple(type, stateKey)
      const eventId = resolved.get(tuple) ?? input.unconflicted.get(tuple)
      return eventId === undefined || input.isRejected(eventId) ? undefined : input.event(eventId)
    },
  }
}

/** "Sort the list by ascending `depth` then descending `sha1(event_id)`." */
function inOrder(events: readonly Pdu[]): readonly Pdu[] {
  const keyed = events.map((event) => ({ event, digest: hash('sha1', event.eventId) }))
  keyed.sort((x, y) => x.event.depth - y.event.depth || (x.digest < y.digest ? 1 : -1))
  return keyed.map(({ event }) => event)
}
