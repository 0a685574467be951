import { parseEventId, parseRoomId, parseServerName, parseUserId, roomRules, type EventId, type RoomId } from '@causeway/events'
import { assert } from '../../assert.ts'
import type { Database } from '../../storage/database.ts'
import { eventsByNumber, liveEventsBackwards, numbersOf, undecidedEvents } from '../../storage/tables/events.ts'
import { highestPlaceBelow } from '../../storage/tables/history.ts'
import { localMembers, memberCounts } from '../../storage/tables/memberships.ts'
import { hasRelations } from '../../storage/tables/relations.ts'
import {
  findRoom,
  missingWithChildren,
  pendingRedactions,
  roomByNumber,
  roomCounters,
  roomKeys,
  roomServers,
  stateNode,
  type RoomRow,
} from '../../storage/tables/rooms.ts'
import { limits } from '../../limits.ts'
import type { TimeSlice } from '../../platform/time-slice.ts'
import { placeScanMax } from '../history/limits.ts'
import { beginning } from '../history/place.ts'
import { packNumbers, unpackNumbers } from './packed-numbers.ts'
import { loadPartialRoom } from './partial-room.ts'
import { RoomView, type StateNode, type Tip } from './room-view.ts'
import { shardOf } from './shard-of.ts'
import { StateVector, type EventNumber } from './state-vector.ts'
import { standing, storedEvent, type StoredEvent } from './stored-event.ts'

/** What a checkpoint holds: the tips and the current state after the event of a live position. */
export interface Checkpoint {
  readonly livePos: number
  readonly currentNode: number
  readonly tips: readonly EventNumber[]
}

/** A checkpoint as the room's row keeps it. */
export function packCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return packNumbers([checkpoint.livePos, checkpoint.currentNode, ...checkpoint.tips])
}

const decoder = new TextDecoder()

/** Load a room's view. Absent if this server has no such room. `slice`: a large room's is loaded with pauses. */
export async function loadRoom(db: Database, which: RoomId | number, slice?: TimeSlice): Promise<RoomView | undefined> {
  const row = typeof which === 'number' ? await roomByNumber(db, which) : await findRoom(db, which)
  if (row === undefined) return undefined
  const roomId = parseRoomId(row.room_id)
  const rules = roomRules(row.version)
  assert(roomId !== undefined && rules !== undefined, 'a stored room has a valid id and a known version')
  const view = new RoomView(row.room, roomId, rules, shardOf(roomId))
  view.quarantined = row.quarantined ?? undefined
  view.authDisorder = row.auth_disorder
  await restoreKeys(db, view, slice)
  const counters = await roomCounters(db, row.room)
  view.lastNumber = Math.max(counters.event, counters.node)
  view.livePos = counters.live
  view.historyPos = counters.history
  view.relations.any = await hasRelations(db, row.room)
  const { partial, unverified, completion } = await loadPartialRoom(db, row.room, row.state_partial)
  view.partial = partial
  view.unverified = unverified
  view.completion = completion
  await restoreTips(db, view, row)
  await restoreMembers(db, view)
  for (const pending of await pendingRedactions(db, row.room, limits.pendingRedactionsInMemoryMax)) {
    const target = parseEventId(pending.target)
    if (target === undefined) continue
    view.pendingRedactions.set(target, (view.pendingRedactions.get(target) ?? new Set()).add(pending.redaction))
  }
  await restoreGaps(db, view)
  return view
}

async function restoreGaps(db: Database, view: RoomView): Promise<void> {
  for (const row of await undecidedEvents(db, view.room, limits.undecidedRoomMax)) {
    const { event, pdu } = storedEvent(row, view.rules)
    view.undecided.set(event, new Set([...pdu.prevEvents, ...pdu.authEvents]))
  }
  for (const { event_id: id, child } of await missingWithChildren(db, view.room, limits.missingInMemoryMax)) {
    const eventId = parseEventId(id)
    if (eventId !== undefined) view.missing.set(eventId, (view.missing.get(eventId) ?? new Set()).add(child))
  }
}

async function restoreKeys(db: Database, view: RoomView, slice: TimeSlice | undefined): Promise<void> {
  for (let after = 0; ;) {
    const page = await roomKeys(db, view.room, after, limits.keysPerReadMax)
    for (const { key, type, state_key: stateKey } of page) {
      view.keys.restore(key, decoder.decode(type), stateKey === null ? undefined : decoder.decode(stateKey))
      after = key
    }
    if (page.length < limits.keysPerReadMax) return
    if (slice?.over === true) await slice.rest()
  }
}

/**
 * The tips stand in the checkpoint; after it only events came that each left itself as the only tip (any other commit
 * writes a checkpoint), so the newest accepted one is it.
 */
async function restoreTips(db: Database, view: RoomView, row: RoomRow): Promise<void> {
  const [livePos = 0, currentNode = 0, ...tips] = unpackNumbers(row.checkpoint)
  const newest = await liveEventsBackwards(
    db,
    view.room,
    Math.max(0, view.livePos - limits.roomRecentEvents),
    view.livePos,
    limits.roomRecentEvents,
  )
  view.recent = newest.map((event) => storedEvent(event, view.rules)).reverse()
  for (const event of view.recent) view.keep(event)
  const oldest = view.recent[0]?.pos ?? 0
  view.olderPeak = (await highestPlaceBelow(db, view.room, oldest, placeScanMax)) ?? beginning
  const last = view.recent.at(-1)
  if (last !== undefined) {
    view.lastSlot = last.slot
    view.lastPosition = last.position
    view.counts = last.counts
  }
  const lastAccepted = view.recent.findLast((event) => event.standing === standing.accepted)
  if (lastAccepted?.pos !== undefined && lastAccepted.pos > livePos) {
    view.tips = [tipOf(lastAccepted)]
    view.current = await loadNode(db, view, lastAccepted.stateAfter)
  } else {
    view.tips = (await loadEvents(db, view, tips)).map(tipOf)
    view.current = await loadNode(db, view, currentNode)
  }
  // Events may have been taken out of the timeline: a position is never given twice.
  view.livePos = Math.max(view.livePos, livePos)
  view.sinceCheckpoint = view.livePos - livePos
}

async function restoreMembers(db: Database, view: RoomView): Promise<void> {
  for (const { server, joined, listed } of await roomServers(db, view.room)) {
    const name = parseServerName(server)
    if (name !== undefined && joined + listed > 0) view.servers.set(name, joined + listed)
  }
  for (const { membership, count } of await memberCounts(db, view.room)) {
    if (membership === 'join') view.joinedMembers = count
    if (membership === 'invite') view.invitedMembers = count
  }
  for (const member of await localMembers(db, view.room, ['join'])) {
    const userId = parseUserId(member.user_id)
    if (userId !== undefined) view.localJoined.add(userId)
  }
}

/** What a forward extremity remembers of its event. */
export function tipOf(event: StoredEvent): Tip {
  return {
    event: event.event,
    eventId: event.pdu.eventId,
    depth: event.depth,
    claimedDepth: event.pdu.depth,
    stateAfter: event.stateAfter,
  }
}

/** Events by number, from memory or storage, in the order of `numbers`. Every number must be one of the room. */
export async function loadEvents(db: Database, view: RoomView, numbers: readonly EventNumber[]): Promise<StoredEvent[]> {
  // Taken from memory first: what is loaded may push it out.
  const found = new Map<EventNumber, StoredEvent>()
  const absent: EventNumber[] = []
  for (const number of numbers) {
    const known = view.event(number)
    if (known === undefined) absent.push(number)
    else found.set(number, known)
  }
  // A crowd would drive out what every event is judged by, and then itself.
  const isKept = absent.length < limits.roomEventsInMemoryMax
  for (let at = 0; at < absent.length; at += limits.eventsPerReadMax) {
    for (const row of await eventsByNumber(db, view.room, absent.slice(at, at + limits.eventsPerReadMax))) {
      const event = storedEvent(row, view.rules)
      found.set(event.event, event)
      if (isKept) view.keep(event)
    }
  }
  return numbers.map((number) => {
    const event = found.get(number)
    assert(event !== undefined, `event ${number} of room ${view.room} is stored`)
    return event
  })
}

/** The numbers of event ids, from memory or storage. Unknown ids are left out. */
export async function loadNumbers(db: Database, view: RoomView, ids: readonly EventId[]): Promise<Map<EventId, EventNumber>> {
  const found = new Map<EventId, EventNumber>()
  const absent: EventId[] = []
  for (const id of ids) {
    const number = view.numberOf(id)
    if (number === undefined) absent.push(id)
    else found.set(id, number)
  }
  for (let at = 0; at < absent.length; at += limits.eventsPerReadMax) {
    for (const [id, number] of await numbersOf(db, view.room, absent.slice(at, at + limits.eventsPerReadMax))) found.set(id, number)
  }
  return found
}

/** One event by its id, in this room only. */
export async function findEvent(db: Database, view: RoomView, id: EventId): Promise<StoredEvent | undefined> {
  const number = (await loadNumbers(db, view, [id])).get(id)
  if (number === undefined) return undefined
  return (await loadEvents(db, view, [number]))[0]
}

/** A state by its number: its chain of differences is followed to a snapshot (at most 64 links). */
export async function loadNode(db: Database, view: RoomView, node: number): Promise<StateNode> {
  if (node === 0) return { node: 0, links: 0, state: StateVector.empty }
  const chain: { node: number; links: number; entries: readonly number[] }[] = []
  let at = node
  let base: StateNode | undefined
  while (at !== 0 && base === undefined) {
    base = view.node(at)
    if (base !== undefined) break
    const row = await stateNode(db, view.room, at)
    assert(row !== undefined, `state ${at} of room ${view.room} is stored`)
    chain.push({ node: row.node, links: row.links, entries: unpackNumbers(row.entries) })
    at = row.parent
  }
  let current: StateNode = base ?? { node: 0, links: 0, state: StateVector.empty }
  for (const link of chain.reverse()) {
    let { state } = current
    if (current.node === 0) state = StateVector.of(entriesOf(link.entries))
    else for (const [key, event] of entriesOf(link.entries)) state = state.with(key, event)
    // Other states that begin with this snapshot share it: those of a fork, above all.
    if (current.node === 0) view.keepNode({ node: link.node, links: link.links, state })
    current = { node: link.node, links: link.links, state }
  }
  view.keepNode(current)
  return current
}

function* entriesOf(packed: readonly number[]): Generator<readonly [key: number, event: EventNumber]> {
  for (let index = 0; index + 1 < packed.length; index += 2) yield [packed[index] ?? 0, packed[index + 1] ?? 0]
}
