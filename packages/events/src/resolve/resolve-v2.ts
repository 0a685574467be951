import { authorize } from '../auth/authorize.ts'
import { isPowerEvent } from '../auth/is-power-event.ts'
import type { EventId } from '../ids/ids.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { fullConflictedSet } from './full-conflicted-set.ts'
import { mainlineOrdering } from './mainline.ts'
import { powerOrdering } from './power-ordering.ts'
import type { Resolution, ResolutionInput } from './resolution.ts'
import { authEventIds, missingBase, ResolvingState } from './resolving-state.ts'
import { stateTuple, type StateTuple } from './state-tuple.ts'
import { isStep, type Steps } from './steps.ts'

/**
 * State resolution v2, and v2.1 of room version 12.
 * https://spec.matrix.org/v1.19/rooms/v12/#algorithm
 */
export function* resolveV2(input: ResolutionInput): Steps<Resolution> {
  const conflicted = yield* fullConflictedSet(input)
  if ('missing' in conflicted) return { missing: missingBodies(new Set(conflicted.missing), input) }
  const { full } = conflicted

  const startsEmpty = input.rules.stateResolution === 'v2.1'
  const events = [...full].flatMap((eventId) => input.event(eventId) ?? [])
  const missing = yield* missingInputs(full, events, startsEmpty, input)
  if (missing.size > 0) return { missing: [...missing] }

  // 1. "Select the set X of all power events that appear in the full conflicted set. For each such power event P, enlarge X by adding the
  // events in the auth chain of P which also belong to the full conflicted set. Sort X into a list using the reverse topological power
  // ordering."
  const chosen = yield* powerEventsAndChains(events, full, input)
  const first = yield* powerOrdering(
    events.filter(({ eventId }) => chosen.has(eventId)),
    input,
  )

  // 2. "Apply the iterative auth checks algorithm, starting from the unconflicted state map (v12: an empty state map), to the list of
  // events …"
  const state = new ResolvingState(input, startsEmpty ? new Map() : input.unconflicted)
  yield* applyInOrder(first, state, input)

  // 3. "Take all remaining events that weren't picked in step 1 and order them by the mainline ordering based on the power level in the
  // partially resolved state obtained in step 2."
  const remaining = events.filter(({ eventId }) => !chosen.has(eventId))
  const second = yield* mainlineOrdering(remaining, state.get('m.room.power_levels', ''), input)
  if ('missing' in second) return { missing: second.missing }

  // 4. "Apply the iterative auth checks algorithm on the partial resolved state and the list of events from the previous step."
  yield* applyInOrder(second.sorted, state, input)

  // 5. "Update the result by replacing any event with the event with the same key from the unconflicted state map, if such an event
  // exists …"
  const resolved = new Map<StateTuple, EventId>()
  for (const [tuple, event] of state.resolved) if (!input.unconflicted.has(tuple)) resolved.set(tuple, event.eventId)
  return { resolved }
}

/** What of the conflicted events themselves is not loaded, when the graph alone already asks for `missing`. */
function missingBodies(missing: Set<EventId>, input: ResolutionInput): EventId[] {
  for (const set of input.sets) for (const eventId of set.values()) if (input.event(eventId) === undefined) missing.add(eventId)
  return [...missing]
}

/** Everything that the orderings and checks read, but for the older power levels events of the mainline. */
function* missingInputs(
  full: ReadonlySet<EventId>,
  events: readonly Pdu[],
  startsEmpty: boolean,
  input: ResolutionInput,
): Steps<Set<EventId>> {
  const missing = startsEmpty ? new Set<EventId>() : yield* missingBase(events, input)
  for (const eventId of full) if (input.event(eventId) === undefined) missing.add(eventId)
  for (const [at, event] of events.entries()) {
    if (isStep(at)) yield
    for (const eventId of authEventIds(event, input)) if (input.event(eventId) === undefined) missing.add(eventId)
  }
  const power = startsEmpty ? undefined : input.unconflicted.get(stateTuple('m.room.power_levels', ''))
  if (power !== undefined && input.event(power) === undefined) missing.add(power)
  return missing
}

/**
 * The power events and what they rest on within the set. Like the servers in use, this follows the edges inside the set only: an auth
 * chain that leaves the set and comes back is not followed through.
 */
function* powerEventsAndChains(events: readonly Pdu[], full: ReadonlySet<EventId>, input: ResolutionInput): Steps<ReadonlySet<EventId>> {
  const chosen = new Set<EventId>()
  const queue: Pdu[] = []
  for (const [at, event] of events.entries()) {
    if (isStep(at)) yield
    if (!isPowerEvent(event)) continue
    queue.push(event)
    chosen.add(event.eventId)
  }
  let followed = 0
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) {
    if (isStep(followed++)) yield
    for (const eventId of authEventIds(event, input)) {
      const authEvent = full.has(eventId) && !chosen.has(eventId) ? input.event(eventId) : undefined
      if (authEvent === undefined) continue
      chosen.add(eventId)
      queue.push(authEvent)
    }
  }
  return chosen
}

/**
 * The *iterative auth checks algorithm*: "applying the state event to the room state if the state event is allowed by the authorisation
 * rules".
 */
function* applyInOrder(events: readonly Pdu[], state: ResolvingState, input: ResolutionInput): Steps<void> {
  for (const [at, event] of events.entries()) {
    if (isStep(at)) yield
    // Rejected events stay out. The spec would let some of them back in; the servers in use keep them out.
    if (input.isRejected(event.eventId)) continue
    if (authorize(event, state.forEvent(event), input.rules).allowed) state.set(event)
  }
}
