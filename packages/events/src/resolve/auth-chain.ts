import type { EventId } from '../ids/ids.ts'
import { AuthGraph, type AuthEdges } from './auth-graph.ts'
import type { CommonState } from './conflict.ts'
import type { ResolutionInput } from './resolution.ts'
import { stateTuple } from './state-tuple.ts'
import { drain, type Steps } from './steps.ts'

/** A walk's result, or the events that must be loaded before it can go on. */
export type Chain = { readonly chain: ReadonlySet<EventId> } | { readonly missing: readonly EventId[] }

/** Likewise for {@link authDifference}. */
export type Difference = { readonly difference: ReadonlySet<EventId> } | { readonly missing: readonly EventId[] }

/**
 * The auth chain of these events: "all of E's auth events, all of their auth events, and so on recursively". One of the given events is
 * in it only when another one rests on it.
 * https://spec.matrix.org/v1.19/server-server-api/#definitions
 */
export function authChain(eventIds: Iterable<EventId>, edges: AuthEdges): Chain {
  const roots = [...eventIds]
  const graph = new AuthGraph(edges)
  graph.walk(roots)
  if (graph.missing.size > 0) return { missing: [...graph.missing] }

  const chain = new Set<EventId>()
  for (let number = 0; number < graph.size; number++) {
    for (const target of graph.edgesOf(number)) {
      const eventId = graph.idOf(target)
      if (eventId !== undefined) chain.add(eventId)
    }
  }
  return { chain }
}

/**
 * The events that some of these states, but not all of them, rest on or contain: the spec's *auth difference*. `sets` has the conflicted
 * events of each state, `unconflicted` those that all have.
 *
 * The servers in use count a state's own events as part of its chain. It matters for unconflicted ones: they are in no difference.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function authDifference(sets: readonly Iterable<EventId>[], unconflicted: ReadonlySet<EventId>, edges: AuthEdges): Difference {
  const graph = new AuthGraph(edges)
  const roots = sets.map((set) => [...set])
  // Whatever an unconflicted event rests on is in every chain, so these walks end there.
  graph.walk(roots.flat(), (eventId) => unconflicted.has(eventId))
  if (graph.missing.size > 0) return { missing: [...graph.missing] }
  const common = { get: () => undefined, includes: (eventId: EventId) => unconflicted.has(eventId), events: () => unconflicted }
  const difference = drain(differenceIn(graph, roots, { common, known: new Set() }))
  return graph.missing.size > 0 ? { missing: [...graph.missing] } : { difference }
}

/** What a difference is measured with. */
export interface DifferenceInput {
  readonly common: Pick<CommonState, 'get' | 'includes' | 'heirOf' | 'events'>
  /** Events that matter anyway. */
  readonly known: ReadonlySet<EventId>
  readonly order?: ResolutionInput['order']
}

/**
 * {@link authDifference} on a graph that has been walked from all sets, without those of its events that are `known` to matter already.
 * Walks on from the unconflicted events only when it must: `graph.missing` tells whether the result holds.
 */
export function* differenceIn(
  graph: AuthGraph,
  sets: readonly (readonly EventId[])[],
  { common, known, order }: DifferenceInput,
): Steps<ReadonlySet<EventId>> {
  const counts = new Uint32Array(graph.size)
  for (const set of sets) {
    yield
    const marks = graph.reach(set)
    for (let number = 0; number < marks.length; number++) counts[number] = (counts[number] ?? 0) + (marks[number] ?? 0)
  }

  const difference = new Set<EventId>()
  for (let number = 0; number < counts.length; number++) {
    const count = counts[number] ?? 0
    const eventId = graph.idOf(number)
    if (eventId === undefined || count === 0 || count === sets.length) continue
    if (!common.includes(eventId) && !known.has(eventId)) difference.add(eventId)
  }

  // Some of these may still be in every chain, by way of an unconflicted event. As a rule that is the one which took their place, or the
  // room's power levels; whatever is left is looked for from all of them.
  for (const rootsOf of [likelyRoots, allRoots]) {
    if (difference.size === 0) break
    const floor = floorOf(difference, order)
    const roots = [...rootsOf(common, difference, floor)]
    yield* graph.walking(roots, (eventId) => isBelow(eventId, floor, order))
    if (graph.missing.size > 0) break
    const reached = graph.reach(roots)
    for (const eventId of difference) if (reached[graph.numberOf(eventId)] === 1) difference.delete(eventId)
  }
  return difference
}

type Roots = (common: DifferenceInput['common'], difference: ReadonlySet<EventId>, floor: number) => Iterable<EventId>

function* likelyRoots(common: DifferenceInput['common'], difference: ReadonlySet<EventId>): Iterable<EventId> {
  if (common.heirOf === undefined) return
  const levels = common.get(stateTuple('m.room.power_levels', ''))
  if (levels !== undefined) yield levels
  for (const eventId of difference) {
    const heir = common.heirOf(eventId)
    if (heir !== undefined) yield heir
  }
}

const allRoots: Roots = (common, _difference, floor) => common.events(floor)

/** The lowest number of some events: what comes before that rests on none of them. */
export function floorOf(eventIds: Iterable<EventId>, order: ResolutionInput['order']): number {
  if (order === undefined) return -Infinity
  let floor = Infinity
  for (const eventId of eventIds) floor = Math.min(floor, order(eventId) ?? -Infinity)
  return floor
}

/** Does this event come before `floor`? */
export function isBelow(eventId: EventId, floor: number, order: ResolutionInput['order']): boolean {
  return floor !== -Infinity && (order?.(eventId) ?? Infinity) < floor
}
