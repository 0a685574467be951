import { createEventId } from '../auth/create-event-id.ts'
import type { EventId } from '../ids/ids.ts'
import { differenceIn, floorOf, isBelow } from './auth-chain.ts'
import { AuthGraph, type AuthEdges } from './auth-graph.ts'
import type { ResolutionInput } from './resolution.ts'
import type { Steps } from './steps.ts'

/** The set, or what must be loaded before it is known. */
export type ConflictedSet = { readonly full: ReadonlySet<EventId> } | { readonly missing: readonly EventId[] }

/**
 * The *full conflicted set*: "the union of the conflicted state set, the conflicted state subgraph, and the auth difference"; the subgraph
 * only in v2.1.
 * https://spec.matrix.org/v1.19/rooms/v12/#definitions
 */
export function* fullConflictedSet(input: ResolutionInput): Steps<ConflictedSet> {
  const sets = input.sets.map((set) => [...set.values()])
  const conflicted = new Set(sets.flat())
  const edges = edgesOf(input, conflicted)
  if (edges === undefined) return { missing: [...conflicted] }

  const graph = new AuthGraph(edges)
  const { unconflicted: common, order } = input
  const hasSubgraph = input.rules.stateResolution === 'v2.1'
  // Whatever an unconflicted event rests on is in every chain. A path of the subgraph may still lead through it, unless all conflicted
  // events came later.
  const floor = hasSubgraph ? floorOf(conflicted, order) : 0
  yield* graph.walking(conflicted, (eventId) => common.includes(eventId) && (!hasSubgraph || isBelow(eventId, floor, order)))
  if (graph.missing.size > 0) return { missing: [...graph.missing] }

  const full = new Set(conflicted)
  if (hasSubgraph) for (const eventId of conflictedSubgraph(graph, conflicted)) full.add(eventId)
  for (const eventId of yield* differenceIn(graph, sets, { common, known: conflicted, order })) full.add(eventId)
  return graph.missing.size > 0 ? { missing: [...graph.missing] } : { full }
}

/**
 * "Starting from an event in the conflicted state set and following `auth_events` edges may lead to another event in the conflicted state
 * set. The union of all such paths between any pair of events in the conflicted state set (including endpoints) forms … the conflicted
 * state subgraph." An event is on such a path when a conflicted one rests on it and it rests on a conflicted one.
 */
function conflictedSubgraph(graph: AuthGraph, conflicted: ReadonlySet<EventId>): readonly EventId[] {
  const below = graph.reach(conflicted)
  const above = graph.reachBack(conflicted)
  const subgraph: EventId[] = []
  for (let number = 0; number < graph.size; number++) {
    const eventId = graph.idOf(number)
    if (eventId !== undefined && below[number] === 1 && above[number] === 1) subgraph.push(eventId)
  }
  return subgraph
}

/** The edges of the auth graph, with those to the create event that a room id implies. Absent while no conflicted event is loaded. */
function edgesOf(input: ResolutionInput, conflicted: Iterable<EventId>): AuthEdges | undefined {
  const { authEvents } = input
  const named: AuthEdges = authEvents ?? ((eventId) => input.event(eventId)?.authEvents)
  if (!input.rules.roomIdIsCreateHash) return named

  let create: EventId | undefined
  for (const eventId of conflicted) {
    const event = input.event(eventId)
    if (event === undefined) continue
    create = createEventId(event.roomId, input.rules)
    break
  }
  if (create === undefined) return undefined
  const implied = create
  // The create event rests on nothing, so that it need not be loaded to know its edges.
  return (eventId) => {
    if (eventId === implied) return []
    const ids = named(eventId)
    return ids === undefined ? undefined : [...ids, implied]
  }
}
