import { resolveState, stateTuple, splitStateTuple, type EventId, type Pdu, type StateTuple } from '@causeway/events'
import { assert } from '../../assert.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadEvents, loadNode, loadNumbers } from './load-room.ts'
import type { RoomView, StateNode, Tip } from './room-view.ts'
import { standing, type StoredEvent } from './stored-event.ts'

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

/** The resolution of some states, none twice. The result is one of them, or a new one, handed to `writeNode`. */
export async function resolveNodes(
  ports: EnginePorts,
  view: RoomView,
  nodes: readonly StateNode[],
  writeNode: WriteNode,
): Promise<StateNode> {
  const [first, ...others] = nodes
  assert(first !== undefined, 'there is a state to resolve')
  const conflicted = new Set<number>()
  for (const other of others) for (const [key] of first.state.differences(other.state)) conflicted.add(key)
  if (conflicted.size === 0) return first

  const winners = await winnersOf(ports, view, nodes, conflicted)
  let state = first.state
  for (const key of conflicted) {
    const winner = winners.get(key) ?? 0
    if (state.get(key) !== winner) state = state.with(key, winner)
  }
  const same = nodes.find((node) => node.state.differences(state).length === 0)
  if (same !== undefined) return same
  return writeNode({ node: view.nextNumber(), links: first.links + 1, state }, first)
}

async function winnersOf(
  ports: EnginePorts,
  view: RoomView,
  nodes: readonly StateNode[],
  conflicted: ReadonlySet<number>,
): Promise<Map<number, number>> {
  const first = nodes[0]
  assert(first !== undefined, 'there is a state to resolve')
  const loaded = new Map<EventId, StoredEvent>()
  const remember = (events: readonly StoredEvent[]): void => {
    for (const event of events) loaded.set(event.pdu.eventId, event)
  }
  const all = new Set(nodes.flatMap((node) => [...conflicted].map((key) => node.state.get(key))))
  for (const [, event] of first.state.entries()) all.add(event)
  all.delete(0)
  remember(await loadEvents(ports.db, view, [...all]))
  const byNumber = new Map([...loaded.values()].map((event) => [event.event, event.pdu.eventId]))

  const entry = (key: number, node: StateNode): [StateTuple, EventId] | undefined => {
    const pair = view.keys.at(key)
    const id = byNumber.get(node.state.get(key))
    return pair?.stateKey === undefined || id === undefined ? undefined : [stateTuple(pair.type, pair.stateKey), id]
  }
  const present = (entries: Iterable<[StateTuple, EventId] | undefined>): Map<StateTuple, EventId> =>
    new Map([...entries].filter((pair) => pair !== undefined))
  const sets = nodes.map((node) => present([...conflicted].map((key) => entry(key, node))))
  const unconflicted = present([...first.state.entries()].filter(([key]) => !conflicted.has(key)).map(([key]) => entry(key, first)))

  for (;;) {
    const outcome = resolveState({
      rules: view.rules,
      sets,
      unconflicted,
      event: (id): Pdu | undefined => loaded.get(id)?.pdu,
      isRejected: (id) => loaded.get(id)?.standing === standing.rejected,
    })
    if ('resolved' in outcome) return numbersOfResolved(view, outcome.resolved, loaded)
    const numbers = await loadNumbers(ports.db, view, outcome.missing)
    assert(
      outcome.missing.every((id) => numbers.has(id)),
      'the auth chain of stored events is stored',
    )
    remember(await loadEvents(ports.db, view, [...numbers.values()]))
  }
}

function numbersOfResolved(
  view: RoomView,
  resolved: ReadonlyMap<StateTuple, EventId>,
  loaded: ReadonlyMap<EventId, StoredEvent>,
): Map<number, number> {
  const winners = new Map<number, number>()
  for (const [tuple, id] of resolved) {
    const [type, stateKey] = splitStateTuple(tuple)
    const key = view.keys.find(type, stateKey)
    const event = loaded.get(id)?.event
    if (key !== undefined && event !== undefined) winners.set(key, event)
  }
  return winners
}
