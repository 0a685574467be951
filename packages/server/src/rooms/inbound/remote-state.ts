import type { EventId, JsonObject, Pdu, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { loadEvents, loadNumbers } from '../engine/load-room.ts'
import { writeNode } from '../engine/place-event.ts'
import { resolveNodes } from '../engine/resolve-tips.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { StateVector } from '../engine/state-vector.ts'
import { standing } from '../engine/stored-event.ts'
import { checkReceived } from './check-received.ts'
import type { RoomPeers } from './room-peers.ts'
import { storeOutliers } from './store-outliers.ts'

/** The state before an event as a peer claims it, its events checked (1 to 3) but not yet judged. */
export interface ClaimedState {
  readonly stateIds: readonly EventId[]
  readonly pdus: readonly Pdu[]
}

/**
 * Ask a peer for the state before an event. Only events that we have not got are fetched. Must not be called under the
 * room's queue: it waits for the network.
 */
export async function fetchState(
  engine: RoomEngine,
  peers: RoomPeers,
  view: RoomView,
  server: ServerName,
  eventId: EventId,
): Promise<ClaimedState | undefined> {
  const ids = await peers.stateIds(server, view.roomId, eventId)
  if (ids === undefined || ids.state.length > limits.stateEventsMax || ids.authChain.length > limits.stateEventsMax) return undefined
  const wanted = [...new Set([...ids.state, ...ids.authChain])]
  const known = await loadNumbers(engine.ports.db, view, wanted)
  const missing = wanted.filter((id) => !known.has(id))
  const values = await fetchEvents(peers, view, server, eventId, missing)
  if (values === undefined) return undefined
  const received = await checkReceived(peers, values, view.roomId, view.rules, { historical: true })
  return { stateIds: ids.state, pdus: received.flatMap((event) => (event.ok ? [event.pdu] : [])) }
}

async function fetchEvents(
  peers: RoomPeers,
  view: RoomView,
  server: ServerName,
  eventId: EventId,
  missing: readonly EventId[],
): Promise<readonly JsonObject[] | undefined> {
  if (missing.length === 0) return []
  if (missing.length > limits.singleEventFetchesMax) {
    const whole = await peers.state(server, view.roomId, eventId)
    return whole === undefined ? undefined : [...whole.state, ...whole.authChain]
  }
  const events = await Promise.all(missing.map((id) => peers.event(server, id)))
  return events.filter((event) => event !== undefined)
}

/**
 * Make a state of what a peer claims: its events are kept and judged by their auth events, and the result is resolved
 * with the other states given (ours), never taken in their place. Runs under the room's queue.
 */
export async function adoptState(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  claimed: ClaimedState,
  ours: readonly StateNode[],
): Promise<StateNode> {
  const stored = await storeOutliers(engine.ports, view, unit, claimed.pdus)
  const numbers = await loadNumbers(engine.ports.db, view, claimed.stateIds)
  const events = [...stored.values(), ...(await loadEvents(engine.ports.db, view, [...numbers.values()]))]
  const inState = new Set(claimed.stateIds)
  let state = StateVector.empty
  for (const event of events) {
    if (!inState.has(event.pdu.eventId) || !event.isState || event.standing === standing.rejected) continue
    state = state.with(event.key, event.event)
  }
  const write = (node: StateNode, from: StateNode): StateNode => writeNode(unit, node, from)
  const none: StateNode = { node: 0, links: 0, state: StateVector.empty }
  const known = ours.find((node) => node.state.differences(state).length === 0)
  const theirs = known ?? write({ node: view.nextNumber(), links: limits.stateLinksMax + 1, state }, none)
  const nodes = new Map([theirs, ...ours].map((node) => [node.node, node]))
  return resolveNodes(engine.ports, view, [...nodes.values()], write)
}
