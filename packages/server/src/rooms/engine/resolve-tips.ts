import { resolvingState, splitStateTuple, stateTuple, type EventId, type Steps, type StateTuple } from '@causeway/events'
import { assert } from '../../assert.ts'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { AuthLinks } from './auth-links.ts'
import { CommonEntries } from './common-entries.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadNode } from './load-room.ts'
import { ResolutionEvents } from './resolution-events.ts'
import type { RoomView, StateNode, Tip } from './room-view.ts'

type WriteNode = (node: StateNode, from: StateNode) => StateNode

/**
 * The room's state after all of `tips`. `newest` is the state after the last of them, which storage need not hold yet.
 * One tip, or tips that agree, cost nothing; a fork is resolved, and the result is written when it is a state of its own.
 */
export async function resolveTips(
  ports: EnginePorts,
  view: RoomView,
  tips: readonly Tip[],
  newest: StateNode,
  writeNode: WriteNode,
): Promise<StateNode> {
  const nodes = new Map<number, StateNode>([[newest.node, newest]])
  for (const tip of tips) {
    if (!nodes.has(tip.stateAfter)) nodes.set(tip.stateAfter, await loadNode(ports.db, view, tip.stateAfter))
  }
  return resolveNodes(ports, view, [...nodes.values()], writeNode)
}

/**
 * The resolution of some states, none twice. The result is one of them, or a new one, handed to `writeNode`. Remembered by the states'
 * numbers. It gives way to other work after each slice of time; a room that resolves for long gets a part of the time only.
 */
export async function resolveNodes(
  ports: EnginePorts,
  view: RoomView,
  nodes: readonly StateNode[],
  writeNode: WriteNode,
): Promise<StateNode> {
  const [first, ...others] = nodes
  assert(first !== undefined, 'there is a state to resolve')
  if (others.length === 0) return first
  const name = nodes
    .map((node) => node.node)
    .sort((a, b) => a - b)
    .join(' ')
  const known = view.resolutions.get(name)
  if (known !== undefined && !view.holdsNode(known.node)) return known
  const slice = new TimeSlice(ports.clock)
  const conflicted = new Set<number>()
  for (const other of others) {
    for (const [key] of first.state.differences(other.state)) conflicted.add(key)
    if (slice.over) await slice.rest()
  }
  const resolved = conflicted.size === 0 ? first : await resolveConflict(ports, view, nodes, conflicted, slice, writeNode)
  view.resolutions.set(name, resolved)
  return resolved
}

async function resolveConflict(
  ports: EnginePorts,
  view: RoomView,
  nodes: readonly StateNode[],
  conflicted: ReadonlySet<number>,
  slice: TimeSlice,
  writeNode: WriteNode,
): Promise<StateNode> {
  const [first] = nodes
  assert(first !== undefined, 'there is a state to resolve')
  if (nodes.length > limits.resolutionGroup && nodes.length * conflicted.size > limits.resolutionEntriesMax) {
    // Nobody but an attacker makes so many states that differ in so much: the room stays usable, whatever it agrees on.
    const results: StateNode[] = []
    for (let at = 0; at < nodes.length; at += limits.resolutionGroup) {
      results.push(await resolveNodes(ports, view, nodes.slice(at, at + limits.resolutionGroup), writeNode))
    }
    return resolveNodes(ports, view, [...new Map(results.map((node) => [node.node, node])).values()], writeNode)
  }
  const winners = await winnersOf(ports, view, nodes, conflicted, slice)
  let state = first.state
  for (const key of conflicted) {
    const winner = winners.get(key) ?? 0
    if (state.get(key) !== winner) state = state.with(key, winner)
    if (slice.over) await slice.rest()
  }
  const same = nodes.find((node) => node.state.differences(state).length === 0)
  return same ?? writeNode({ node: view.nextNumber(), links: first.links + 1, state }, first)
}

async function winnersOf(
  ports: EnginePorts,
  view: RoomView,
  nodes: readonly StateNode[],
  conflicted: ReadonlySet<number>,
  slice: TimeSlice,
): Promise<Map<number, number>> {
  const [first] = nodes
  assert(first !== undefined, 'there is a state to resolve')
  const events = new ResolutionEvents(ports.db, view, slice)
  const { links } = events
  const contested = new Set(nodes.flatMap((node) => [...conflicted].map((key) => node.state.get(key))))
  contested.delete(0)
  await events.load([...contested])
  await links.load(contested)
  const common = new CommonEntries(view, first.state, conflicted, links)
  // Version 2.1 asks for the paths between conflicted events as well: none goes through what came before all of these.
  const floor = view.rules.stateResolution === 'v2.1' ? [...contested].reduce((a, b) => Math.min(a, links.orderOf(b)), Infinity) : Infinity
  if (view.rules.stateResolution !== 'v1') {
    await links.loadChains(contested, (number) => common.holds(number) && links.orderOf(number) < floor)
  }

  const entry = ([key, number]: readonly [number, number]): [StateTuple, EventId][] => {
    const pair = view.keys.at(key)
    const id = links.idOf(number)
    return pair?.stateKey === undefined || id === undefined ? [] : [[stateTuple(pair.type, pair.stateKey), id]]
  }
  const sets: Map<StateTuple, EventId>[] = []
  for (const node of nodes) {
    sets.push(new Map([...conflicted].flatMap((key) => entry([key, node.state.get(key)]))))
    if (slice.over) await slice.rest()
  }
  for (;;) {
    const steps = resolvingState({
      rules: view.rules,
      sets,
      unconflicted: common,
      event: (id) => events.body(id)?.pdu,
      authEvents: (id) => events.authEvents(id),
      order: (id) => links.orderOfId(id),
      isRejected: (id) => links.isRejected(id),
    })
    const outcome = await driven(ports, view, steps, slice)
    const wanted = common.takeWanted()
    await links.load([...wanted.links, ...wanted.whole])
    await events.load(wanted.whole)
    if ('missing' in outcome) await events.loadMissing(outcome.missing)
    else if (wanted.links.length + wanted.whole.length === 0) return numbersOfResolved(view, outcome.resolved, links)
  }
}

/** Drive a resolution: others have their turn after each slice, and longer turns once the room has used up its budget. */
async function driven<T>(ports: EnginePorts, view: RoomView, steps: Steps<T>, slice: TimeSlice): Promise<T> {
  const { resolving } = view
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (!slice.over) continue
    const now = ports.clock.monotonic()
    if (now - resolving.from > limits.resolutionBudgetPeriodMs) Object.assign(resolving, { from: now, spent: 0 })
    const before = slice.spent
    await slice.rest(resolving.spent > limits.resolutionBudgetMs ? limits.resolutionRestMs : 0)
    resolving.spent += slice.spent - before
  }
}

function numbersOfResolved(view: RoomView, resolved: ReadonlyMap<StateTuple, EventId>, links: AuthLinks): Map<number, number> {
  const winners = new Map<number, number>()
  for (const [tuple, id] of resolved) {
    const [type, stateKey] = splitStateTuple(tuple)
    const key = view.keys.find(type, stateKey)
    const event = links.numberOf(id)
    if (key !== undefined && event !== undefined) winners.set(key, event)
  }
  return winners
}
