import { authEventKeys, authorize, type EventId, type JsonObject, type Pdu, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { loadEntries } from '../engine/load-entries.ts'
import { findEvent, loadNode, loadNumbers } from '../engine/load-room.ts'
import { writeNode } from '../engine/place-event.ts'
import { resolveNodes } from '../engine/resolve-tips.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { StateVector } from '../engine/state-vector.ts'
import { inGraph, standing, type StoredEvent } from '../engine/stored-event.ts'
import { stateFor } from '../engine/view-state.ts'
import { checkReceived } from './check-received.ts'
import { fetchSingly } from './fetch-singly.ts'
import type { RoomPeers } from './room-peers.ts'
import { storeOutliers } from './store-outliers.ts'

/** The state before an event as a peer claims it, its events checked (1 to 3) but not yet judged. */
export interface ClaimedState {
  readonly stateIds: readonly EventId[]
  readonly pdus: readonly Pdu[]
}

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
}

/**
 * Ask a peer for the state before an event, and for the event itself. Only events that we have not got are fetched. Must not
 * be called under the room's queue: it waits for the network.
 */
export async function fetchState(
  { engine, peers }: Ports,
  view: RoomView,
  server: ServerName,
  eventId: EventId,
): Promise<ClaimedState | undefined> {
  const ids = await peers.stateIds(server, view.roomId, eventId)
  if (ids === undefined || ids.state.length > limits.stateEventsMax || ids.authChain.length > limits.stateEventsMax) return undefined
  const wanted = [...new Set([...ids.state, ...ids.authChain, eventId])]
  const known = await loadNumbers(engine.ports.db, view, wanted)
  // What could not be decided on is decided when it comes with what it rests on.
  const missing = wanted.filter((id) => view.undecided.has(known.get(id) ?? 0) || !known.has(id))
  const values = await fetchEvents(peers, view, server, eventId, missing)
  if (values === undefined) return undefined
  const received = await checkReceived(peers, values, view.roomId, view.rules, {
    historical: true,
    slice: new TimeSlice(engine.ports.clock),
  })
  return { stateIds: ids.state, pdus: received.flatMap((event) => (event.ok ? [event.pdu] : [])) }
}

/** The states before some events that nobody gives in order. Absent if the peer does not give all of them, or they are too many. */
export async function fetchStatesAfter(
  ports: Ports,
  view: RoomView,
  server: ServerName,
  eventIds: readonly EventId[],
): Promise<Map<EventId, ClaimedState> | undefined> {
  if (eventIds.length > limits.gapStatesMax) return undefined
  const claimed = new Map<EventId, ClaimedState>()
  for (const eventId of eventIds) {
    const state = await fetchState(ports, view, server, eventId)
    if (state === undefined) return undefined
    claimed.set(eventId, state)
  }
  return claimed
}

async function fetchEvents(
  peers: RoomPeers,
  view: RoomView,
  server: ServerName,
  eventId: EventId,
  missing: readonly EventId[],
): Promise<readonly JsonObject[] | undefined> {
  const few = missing.length <= limits.singleEventFetchesMax ? await fetchSingly(peers, server, missing) : undefined
  if (few !== undefined) return few
  const whole = await peers.state(server, view.roomId, eventId)
  if (whole === undefined) return undefined
  const itself = missing.includes(eventId) ? await peers.event(server, eventId) : undefined
  return [...whole.state, ...whole.authChain, ...(itself === undefined || itself === null ? [] : [itself])]
}

/**
 * The state before `pdu`, of whose prev events some are known to us and some are `claimed` by a peer: the states after all of
 * them, resolved with each other. A claim under the event's own id is the state before itself. Absent if we have no better claim
 * than nothing of one of them. Runs under the room's queue.
 */
export async function stateAtGap(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  pdu: Pdu,
  claimed: ReadonlyMap<EventId, ClaimedState>,
): Promise<StateNode | undefined> {
  const { db } = engine.ports
  const nodes = new Map<number, StateNode>()
  // A peer whose own history begins with the event knows the state before it, and not what it follows.
  const itself = claimed.get(pdu.eventId)
  if (itself !== undefined) {
    const node = await adoptState(engine, view, unit, itself)
    if (node === undefined) return undefined
    nodes.set(node.node, node)
  }
  for (const id of pdu.prevEvents) {
    const event = await findEvent(db, view, id)
    const isKnown = event !== undefined && inGraph(event)
    if (!isKnown && itself !== undefined) continue
    const node = isKnown ? await loadNode(db, view, event.stateAfter) : await stateAfterClaimed(engine, view, unit, id, claimed.get(id))
    if (node === undefined) return undefined
    nodes.set(node.node, node)
  }
  return nodes.size === 0 ? undefined : resolveNodes(engine.ports, view, [...nodes.values()], (node, from) => writeNode(unit, node, from))
}

/** The state after an event that is not in our graph: what a peer claims for the state before it, and itself if that allows it. */
async function stateAfterClaimed(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  eventId: EventId,
  claimed: ClaimedState | undefined,
): Promise<StateNode | undefined> {
  if (claimed === undefined) return undefined
  const before = await adoptState(engine, view, unit, claimed)
  const event = await findEvent(engine.ports.db, view, eventId)
  if (before === undefined || event === undefined) return undefined
  if (!event.isState || !counts(event)) return before
  const keys = [...authEventKeys(event.pdu, view.rules), ['m.room.create', ''] as const]
  if (!authorize(event.pdu, await stateFor(engine.ports.db, view, before, keys), view.rules).allowed) return before
  if (before.state.get(event.key) === event.event) return before
  return writeNode(unit, { node: view.nextNumber(), links: before.links + 1, state: before.state.with(event.key, event.event) }, before)
}

/**
 * Make a state of what a peer claims: its events are kept and judged by their auth events, and those that pass make the
 * state. Absent if there is no create event among them. Runs under the room's queue. What comes of it is resolved with our own
 * state, never taken in its place.
 */
export async function adoptState(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  claimed: ClaimedState,
): Promise<StateNode | undefined> {
  await storeOutliers(engine.ports, view, unit, claimed.pdus)
  const numbers = await loadNumbers(engine.ports.db, view, claimed.stateIds)
  const slice = new TimeSlice(engine.ports.clock)
  const state = StateVector.of(await loadEntries(engine.ports.db, view, [...numbers.values()], slice))
  const create = view.keys.find('m.room.create', '')
  if (create === undefined || state.get(create) === 0) return undefined
  if (view.current.state.differences(state).length === 0) return view.current
  const none: StateNode = { node: 0, links: 0, state: StateVector.empty }
  return writeNode(unit, { node: view.nextNumber(), links: limits.stateLinksMax + 1, state }, none)
}

/** Has the event passed what could be judged of it? */
function counts(event: StoredEvent): boolean {
  return event.standing !== standing.rejected && event.standing !== standing.undecided
}
