import { parseUserId, serverOf, type Pdu, type ServerName, type Signer } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import { limits } from '../../limits.ts'
import type { CommitOutcome, Database, Rows } from '../../storage/database.ts'
import { hash48 } from '../../storage/hash48.ts'
import { insertBody, insertEvent, insertEventId, placeEvent } from '../../storage/tables/events.ts'
import { CommitDraft } from './commit-draft.ts'
import { loadEvents, loadNumbers, packCheckpoint, tipOf } from './load-room.ts'
import { moveMembers } from './move-members.ts'
import { packEdges, packNumbers, type Edges } from './packed-numbers.ts'
import type { PushTally } from './push-tally.ts'
import { resolveTips } from './resolve-tips.ts'
import type { LocalMembershipChange, RoomAnnouncement } from './room-announcement.ts'
import type { RoomView, StateNode } from './room-view.ts'
import { standing, type Standing, type StoredEvent } from './stored-event.ts'
import { addMissingEvent, insertKey, insertStateChange, insertStateNode, writeCheckpoint } from '../../storage/tables/rooms.ts'

/** What the engine needs of the world. */
export interface EnginePorts {
  readonly db: Database
  readonly serverName: ServerName
  /** Who signs our events. */
  readonly signer: Signer
  readonly clock: Clock
  readonly random: Random
  /** Who is to be notified of a live event: pure over what the view and the members' rules say. */
  readonly tally: (view: RoomView, pdu: Pdu) => PushTally
}

/** An event that was judged, ready to take its place. */
export interface Admission {
  readonly pdu: Pdu
  readonly standing: Standing
  readonly stateBefore: StateNode
  /** JSON of [session, transaction id] of the client that sent it. */
  readonly origin?: string
  /** This server passes it on to the others: it is ours, or we vouch for it (a join that we accepted). */
  readonly passOn?: boolean
  /** Rows of the same action: its idempotency answer, an alias, the inbox row that it came from. */
  readonly rows?: readonly Rows[]
  /** The row that we have of it already, as an outlier or undecided. */
  readonly existing?: StoredEvent
}

/** An event in its place. It is durable once `committed` has resolved. */
export interface Admitted {
  readonly event: StoredEvent
  readonly committed: Promise<CommitOutcome>
}

/** How far apart in depth an event is put from what we know when its prev events are missing: room for the gap's history. */
const gapDepth = 1 << 20

/**
 * Give a judged event its place in the room: numbers, tips, state, memberships, notifications; hand all of it to the
 * commit lane as one unit and move the view on. Runs under the room's queue.
 */
export async function admit(ports: EnginePorts, view: RoomView, admission: Admission): Promise<Admitted> {
  const { pdu } = admission
  const accepted = admission.standing === standing.accepted
  const edges = await edgesOf(ports, view, pdu)
  const prev = await loadEvents(ports.db, view, edges.prev.filter((number) => number !== 0))
  const isState = pdu.stateKey !== undefined
  const number = admission.existing?.event ?? view.nextNumber()
  const key = view.keys.intern(pdu.type, pdu.stateKey)
  const draft = new CommitDraft()
  const after = isState && accepted ? writeNode(draft, view, successor(admission.stateBefore, number, key), admission.stateBefore) : admission.stateBefore
  const known = prev.reduce((depth, event) => Math.max(depth, event.depth), 0)
  const gap = edges.prev.includes(0)
  const base: StoredEvent = {
    event: number,
    pdu,
    standing: admission.standing,
    pos: undefined,
    depth: gap ? Math.max(known, view.tips.reduce((depth, tip) => Math.max(depth, tip.depth), 0)) + gapDepth : known + 1,
    slot: ports.db.slot,
    position: 0,
    key,
    isState,
    sender: view.keys.intern('m.room.member', pdu.sender),
    stateBefore: admission.stateBefore.node,
    stateAfter: after.node,
    edges,
    counts: undefined,
    origin: admission.origin,
    redactedBy: undefined,
  }
  if (gap) noteMissing(draft, view, pdu, edges, number)
  if (!accepted) return write(ports, view, admission, draft, base, undefined)

  const tips = [...view.tips.filter((tip) => !edges.prev.includes(tip.event)), tipOf(base)]
  const before = view.current
  const current = await resolveTips(ports, view, tips, after, (node, from) => writeNode(draft, view, node, from))
  const changes = before.state.differences(current.state)
  // Members' old and new events say who came and who went.
  const named = changes.flatMap(([changed, old, now]) => (view.keys.at(changed)?.type === 'm.room.member' ? [old, now] : []))
  await loadEvents(ports.db, view, named.filter((event) => event !== 0 && event !== number))
  return write(ports, view, admission, draft, base, { tips, current, changes })
}

interface Advance {
  readonly tips: RoomView['tips']
  readonly current: StateNode
  readonly changes: readonly [key: number, old: number, now: number][]
}

/** From here on nothing waits: the stream position is taken and the unit is handed over in one stretch. */
function write(ports: EnginePorts, view: RoomView, admission: Admission, draft: CommitDraft, base: StoredEvent, advance: Advance | undefined): Admitted {
  const { pdu } = admission
  const serversBefore = [...view.servers.keys()]
  let event = base
  let memberships: readonly LocalMembershipChange[] = []
  let federate = 0
  if (advance !== undefined) {
    const position = ports.db.nextPosition()
    view.livePos += 1
    const tally = ports.tally(view, pdu)
    event = { ...base, pos: view.livePos, position, counts: tally.counts }
    view.keep(event)
    for (const action of tally.actions) draft.add(action.write, ...action.values(view.room, view.livePos))
    for (const [key, old, now] of advance.changes) draft.add(insertStateChange, view.room, view.livePos, key, old, now)
    memberships = moveMembers(ports, view, draft, advance.changes, event)
    view.tips = advance.tips
    view.current = advance.current
    view.keepNode(advance.current)
    view.lastSlot = event.slot
    view.lastPosition = position
    view.counts = tally.counts
    view.pushRecent(event)
    checkpointIfDue(draft, view, event)
  } else {
    view.keep(event)
  }
  const servers = admission.passOn === true && advance !== undefined ? destinations(ports, view, serversBefore, pdu) : []
  if (servers.length > 0) federate = 1
  addEventRows(draft, view, event, admission, federate)
  for (const key of view.keys.takeNew()) {
    const pair = view.keys.at(key)
    if (pair !== undefined) draft.add(insertKey, view.room, key, encode(pair.type), pair.stateKey === undefined ? null : encode(pair.stateKey))
  }
  const announcement: RoomAnnouncement = {
    kind: 'room',
    room: view.room,
    roomId: view.roomId,
    slot: event.slot,
    position: event.position,
    events: advance === undefined ? [] : [event],
    memberships,
    departures: servers.length > 0 ? [{ event, servers }] : [],
  }
  const committed = ports.db.commit({
    rows: [...draft.rows(), ...(admission.rows ?? [])],
    shards: [view.shard],
    chain: view.chain,
    announcements: [announcement],
  })
  return { event, committed }
}

function addEventRows(draft: CommitDraft, view: RoomView, event: StoredEvent, admission: Admission, federate: number): void {
  const place = [event.standing, event.pos ?? null, event.depth, event.slot, event.position] as const
  const state = [event.stateBefore, event.stateAfter, packEdges(event.edges), event.counts ?? null] as const
  if (admission.existing !== undefined) {
    draft.add(placeEvent, view.room, event.event, ...place, ...state)
    return
  }
  const { pdu } = event
  const key = [event.key, event.isState ? 1 : 0, event.sender] as const
  // A claimed time may be anything; the column holds it only where a number can (it orders nothing).
  draft.add(insertEvent, view.room, event.event, pdu.eventId, ...place, pdu.originServerTs, ...key, ...state, event.origin ?? null, federate)
  draft.add(insertEventId, view.room, hash48(pdu.eventId), event.event)
  draft.add(insertBody, view.room, event.event, encode(pdu.json))
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
function writeNode(draft: CommitDraft, view: RoomView, node: StateNode, from: StateNode): StateNode {
  const whole = node.links > limits.stateLinksMax
  const kept: StateNode = whole ? { ...node, links: 0 } : node
  const entries = whole
    ? [...node.state.entries()].flat()
    : from.state.differences(node.state).flatMap(([key, , event]) => [key, event])
  draft.add(insertStateNode, view.room, kept.node, whole ? 0 : from.node, kept.links, packNumbers(entries))
  view.keepNode(kept)
  return kept
}

async function edgesOf(ports: EnginePorts, view: RoomView, pdu: Pdu): Promise<Edges> {
  const numbers = await loadNumbers(ports.db, view, [...pdu.prevEvents, ...pdu.authEvents])
  return { prev: pdu.prevEvents.map((id) => numbers.get(id) ?? 0), auth: pdu.authEvents.map((id) => numbers.get(id) ?? 0) }
}

function noteMissing(draft: CommitDraft, view: RoomView, pdu: Pdu, edges: Edges, child: number): void {
  for (const [index, id] of pdu.prevEvents.entries()) if (edges.prev[index] === 0) draft.add(addMissingEvent, view.room, id, child)
}

/** Who must get an event of ours: the servers in the room before and after it, and the server of whoever it is about. */
function destinations(ports: EnginePorts, view: RoomView, before: readonly string[], pdu: Pdu): string[] {
  const servers = new Set([...before, ...view.servers.keys()])
  if (pdu.type === 'm.room.member' && pdu.stateKey !== undefined) {
    const target = parseUserId(pdu.stateKey)
    if (target !== undefined) servers.add(serverOf(target))
  }
  servers.delete(ports.serverName)
  return [...servers]
}

const encoder = new TextEncoder()

function encode(text: string): Uint8Array {
  return encoder.encode(text)
}
