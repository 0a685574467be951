import { parseUserId, serverOf, signaturesOf, type Pdu } from '@causeway/events'
import { limits } from '../../limits.ts'
import { hash48 } from '../../storage/hash48.ts'
import { insertBody, insertEvent, insertEventId, placeEvent as placeEventRow } from '../../storage/tables/events.ts'
import { insertStateChange, insertStateNode, writeCheckpoint } from '../../storage/tables/rooms.ts'
import { threadAtPlace } from '../history/thread-of.ts'
import { addRelation } from '../relations/place-relation.ts'
import { applyPendingRedactions, applyRedaction } from './apply-redaction.ts'
import { closeGaps, openGaps } from './close-gaps.ts'
import type { CommitDraft } from './commit-draft.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadEvents, loadNumbers, packCheckpoint, tipOf } from './load-room.ts'
import { moveMembers } from './move-members.ts'
import { noteDisorder } from './note-disorder.ts'
import { movesOf, noteMoves } from './note-moves.ts'
import { packEdges, packNumbers, type Edges } from './packed-numbers.ts'
import { resolveTips } from './resolve-tips.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView, StateNode } from './room-view.ts'
import { besideOf, newcomersOf, returnedBy, sendBeside } from './send-beside.ts'
import { noteReset, resetEntries } from './state-resets.ts'
import type { EventNumber } from './state-vector.ts'
import { inGraph, standing, type Standing, type StoredEvent } from './stored-event.ts'

/** An event that was judged, ready to take its place. */
export interface Placement {
  readonly pdu: Pdu
  readonly standing: Standing
  readonly stateBefore: StateNode
  /** JSON of [session, transaction id] of the client that sent it. */
  readonly origin?: string
  /** This server passes it on to the others: it is ours, or we vouch for it (a join that we accepted). */
  readonly passOn?: boolean
  /** The row that we have of it already, as an outlier or undecided. */
  readonly existing?: StoredEvent
  /** It is of the past (backfilled): its local depth. It moves neither tips nor state, and has a history position. */
  readonly historyDepth?: number
}

/** How far apart in depth an event is put from what we know when its prev events are missing: room for the gap's history. */
const gapDepth = 1 << 20

/**
 * Give a judged event its place in the room: number, tips, state, memberships, notifications; as rows of the unit, and in
 * the view, which moves on. Runs under the room's queue.
 */
export async function placeEvent(ports: EnginePorts, view: RoomView, unit: RoomUnit, given: Placement): Promise<StoredEvent> {
  // What was redacted while it had no place yet stays so, in whatever form it came again.
  const placement = given.existing?.redactedBy === undefined ? given : { ...given, pdu: given.existing.pdu }
  const { pdu, stateBefore } = placement
  const accepted = placement.standing === standing.accepted
  const edges = await edgesOf(ports, view, pdu, placement.standing === standing.outlier)
  const prev = await loadEvents(
    ports.db,
    view,
    edges.prev.filter((number) => number !== 0),
  )
  const isState = pdu.stateKey !== undefined
  const number = placement.existing?.event ?? view.nextNumber()
  const key = view.keys.intern(pdu.type, pdu.stateKey)
  const gap = edges.prev.includes(0)
  const known = gap ? view.tips : prev
  // A soft-failed event has its part in the state of whatever follows it (Server-Server API, "Soft failure").
  const counts = accepted || placement.standing === standing.softFailed
  const after = isState && counts ? writeNode(unit, successor(stateBefore, number, key), stateBefore) : stateBefore
  const live = accepted && placement.historyDepth === undefined
  const thread = live ? await threadAtPlace(ports.db, view, pdu) : undefined
  const event: StoredEvent = {
    event: number,
    pdu,
    standing: placement.standing,
    pos: undefined,
    depth: placement.historyDepth ?? known.reduce((depth, ancestor) => Math.max(depth, ancestor.depth), 0) + (gap ? gapDepth : 1),
    slot: ports.db.slot,
    position: 0,
    key,
    isState,
    sender: view.keys.intern('m.room.member', pdu.sender),
    stateBefore: stateBefore.node,
    stateAfter: after.node,
    edges,
    counts: undefined,
    origin: placement.origin,
    redactedBy: placement.existing?.redactedBy,
    thread,
  }
  noteDisorder(view, unit, number, edges.auth)
  if (gap && placement.standing !== standing.outlier) openGaps(view, unit, event)
  if (placement.standing === standing.undecided) view.undecided.set(number, new Set([...pdu.prevEvents, ...pdu.authEvents]))
  // Before its state is resolved with others: it takes part in that.
  unit.hold(event)
  if (accepted && placement.historyDepth !== undefined) addHistory(unit, view, placement, event)
  else if (accepted) await advance(ports, view, unit, placement, event, after)
  else addEventRows(unit, view, placement, event, 0)
  if (placement.standing !== standing.undecided) await closeGaps(ports, view, unit, event)
  if (accepted) addRelation(view, unit, event)
  if (accepted && pdu.type === 'm.room.redaction') await applyRedaction(ports, view, unit, event)
  if (view.pendingRedactions.size > 0) await applyPendingRedactions(ports, view, unit, event)
  return event
}

/** The event becomes the newest of the room. */
async function advance(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  placement: Placement,
  event: StoredEvent,
  after: StateNode,
): Promise<void> {
  const tips = [...view.tips.filter((tip) => !event.edges.prev.includes(tip.event)), tipOf(event)]
  const current = await resolveTips(ports, view, tips, after, (node, from) => writeNode(unit, node, from))
  const changes = view.current.state.differences(current.state)
  // Members' old and new events say who came and who went.
  const named = changes.flatMap(([key, old, now]) => (view.keys.at(key)?.type === 'm.room.member' ? [old, now] : []))
  const loaded = await loadEvents(
    ports.db,
    view,
    named.filter((number) => number !== 0 && number !== event.event),
  )
  const members = new Map(loaded.map((member) => [member.event, member])).set(event.event, event)
  const eventOf = (number: EventNumber): StoredEvent | undefined => members.get(number)
  const audience = await ports.audienceOf(view, event.thread)
  const resets = await resetEntries(ports, view, event.event, changes)
  const moves = await movesOf(ports, view, current, changes, eventOf)
  const beside = named.length === 0 ? [] : await besideOf(ports, view, tips.slice(0, -1))
  const returned = await returnedBy(ports, view, changes, eventOf, { event, stateBefore: placement.stateBefore })

  // From here on nothing waits.
  const serversBefore = named.length === 0 ? [] : [...view.servers.keys()]
  view.livePos += 1
  event.pos = view.livePos
  const tally = audience.tally(view, placement.pdu, event.thread)
  event.counts = tally.counts
  for (const action of tally.actions) unit.draft.add(action.write, ...action.values(view.room, event.pos))
  for (const [key, old, now] of changes) unit.draft.add(insertStateChange, view.room, event.pos, key, old, now)
  unit.addMemberships(moveMembers(ports, view, unit, changes, eventOf, event))
  noteMoves(unit, moves)
  noteReset(ports, view, unit, resets)
  view.tips = tips
  view.current = current
  view.counts = tally.counts
  view.pushRecent(event)
  unit.addLive(event)
  checkpointIfDue(unit.draft, view, event)
  const servers = placement.passOn === true ? destinations(ports, view, serversBefore, placement.pdu) : []
  // One that goes to nobody says so: whoever was to get earlier ones is no longer in the room.
  if (placement.passOn === true) unit.addDeparture({ event, servers })
  const newcomers = named.length === 0 ? [] : newcomersOf(view, ports.serverName, serversBefore)
  sendBeside(unit, beside, newcomers)
  unit.addReturned(newcomers.filter((server) => returned.has(server)))
  // A join that we let in is ours to tell, also to who comes later.
  const told = servers.length > 0 || (placement.passOn === true && serverOf(event.pdu.sender) !== ports.serverName)
  addEventRows(unit, view, placement, event, told ? 1 : 0)
}

/** The event takes the next place of the past. */
function addHistory(unit: RoomUnit, view: RoomView, placement: Placement, event: StoredEvent): void {
  view.historyPos -= 1
  event.pos = view.historyPos
  addEventRows(unit, view, placement, event, 0)
}

function addEventRows(unit: RoomUnit, view: RoomView, placement: Placement, event: StoredEvent, federate: number): void {
  const { pdu } = event
  if (placement.existing === undefined) {
    unit.draft.add(insertEventId, view.room, hash48(pdu.eventId), event.event)
    unit.draft.add(insertBody, view.room, event.event, encoder.encode(pdu.json))
  }
  const provisional = isProvisional(view, placement) ? 1 : 0
  unit.whenPlaced(() => {
    const place = [event.standing, provisional, event.pos ?? null, event.depth, event.slot, event.position] as const
    const state = [event.stateBefore, event.stateAfter, packEdges(event.edges), event.counts ?? null] as const
    if (placement.existing === undefined) {
      const key = [event.key, event.isState ? 1 : 0, event.sender] as const
      unit.draft.add(
        insertEvent,
        view.room,
        event.event,
        pdu.eventId,
        ...place,
        pdu.originServerTs,
        ...key,
        ...state,
        event.origin ?? null,
        federate,
        event.thread ?? null,
      )
    } else {
      unit.draft.add(placeEventRow, view.room, event.event, ...place, ...state, federate, event.thread ?? null)
    }
  })
}

/** Was it judged by a part of the room's state only? It is judged again when all of it is here. */
function isProvisional(view: RoomView, { standing: stands, historyDepth }: Placement): boolean {
  const incomplete = view.partial !== undefined || view.unverified !== undefined
  return incomplete && stands !== standing.outlier && stands !== standing.undecided && historyDepth === undefined
}

function checkpointIfDue(draft: CommitDraft, view: RoomView, event: StoredEvent): void {
  view.sinceCheckpoint += 1
  const linear = view.tips.length === 1 && view.current.node === event.stateAfter
  if (linear && view.sinceCheckpoint < limits.checkpointEvery) return
  view.sinceCheckpoint = 0
  const tips = view.tips.map((tip) => tip.event)
  draft.add(writeCheckpoint, view.room, packCheckpoint({ livePos: view.livePos, currentNode: view.current.node, tips }))
}

/** The state that follows `before` when `event` comes to hold `key`. Its number is the event's. */
function successor(before: StateNode, event: number, key: number): StateNode {
  return { node: event, links: before.links + 1, state: before.state.with(key, event) }
}

/** Write a state as its difference from `from`, or whole when the chain has become long. Gives the state as it is kept. */
export function writeNode(unit: RoomUnit, node: StateNode, from: StateNode): StateNode {
  const whole = node.links > limits.stateLinksMax
  const kept: StateNode = whole ? { ...node, links: 0 } : node
  const entries = whole ? [...node.state.entries()].flat() : from.state.differences(node.state).flatMap(([key, , event]) => [key, event])
  unit.draft.add(insertStateNode, unit.room, kept.node, whole ? 0 : from.node, kept.links, packNumbers(entries))
  unit.holdNode(kept)
  return kept
}

/**
 * Prev events that we have apart from the graph count as missing: what is before them is. Of an event that is itself apart from
 * it nobody asks what it follows: that is looked up when it gets a place, and spares a question for each event of a large state.
 */
async function edgesOf(ports: EnginePorts, view: RoomView, pdu: Pdu, apart: boolean): Promise<Edges> {
  const numbers = await loadNumbers(ports.db, view, apart ? pdu.authEvents : [...pdu.prevEvents, ...pdu.authEvents])
  const prev = pdu.prevEvents.map((id) => numbers.get(id) ?? 0)
  const known = await loadEvents(
    ports.db,
    view,
    prev.filter((number) => number !== 0),
  )
  const placed = new Set(known.filter(inGraph).map((event) => event.event))
  return { prev: prev.map((number) => (placed.has(number) ? number : 0)), auth: pdu.authEvents.map((id) => numbers.get(id) ?? 0) }
}

/**
 * Who must get an event of ours: the servers in the room before it, where these are others, and after it, and the server of whoever it
 * is about.
 */
function destinations(ports: EnginePorts, view: RoomView, before: readonly string[], pdu: Pdu): string[] {
  const servers = new Set([...before, ...view.servers.keys()])
  if (pdu.type === 'm.room.member' && pdu.stateKey !== undefined) {
    const target = parseUserId(pdu.stateKey)
    if (target !== undefined) servers.add(serverOf(target))
  }
  servers.delete(ports.serverName)
  // An invite by third party may be made here in the name of somebody whose server does not know it yet.
  const origin = serverOf(pdu.sender)
  if (signaturesOf(pdu, origin).length > 0) servers.delete(origin)
  return [...servers]
}

const encoder = new TextEncoder()
