import {
  authEventKeys,
  authorize,
  membershipOfEvent,
  type EventId,
  type MissingKey,
  type Pdu,
  type RoomId,
  type ServerName,
} from '@causeway/events'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { Membership } from '../../storage/tables/memberships.ts'
import { findEvent, loadEvents, loadNumbers } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { StateVector, type EventNumber, type KeyNumber } from '../engine/state-vector.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { stateFor } from '../engine/view-state.ts'
import { checkReceived } from '../inbound/check-received.ts'
import { fetchSingly } from '../inbound/fetch-singly.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { storeInSlices } from '../inbound/store-in-slices.ts'

/** What a member event says, without the event. */
export interface MemberFact {
  readonly membership: Membership
  readonly sender: string
}

/** A room's whole state after an event that we have not got, and what its member events say. */
export interface FullState {
  readonly state: StateVector
  readonly members: ReadonlyMap<EventNumber, MemberFact>
  /** Keys without which some of it had to be left out: their servers do not tell them at the moment. */
  readonly awaits: readonly MissingKey[]
}

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
}

/**
 * Fetch the whole state after an event from a server, or the one before it: what we have not got of it is checked, judged by its auth events and
 * kept, in slices, so that an attempt that ends half-way is taken up where it ended. Absent when the server does not give
 * it. Must not be called under the room's queue.
 */
export async function fetchFullState(
  ports: Ports,
  roomId: RoomId,
  server: ServerName,
  eventId: EventId,
  which: 'before' | 'after' = 'after',
): Promise<FullState | undefined> {
  const { engine, peers } = ports
  const ids = await peers.stateIds(server, roomId, eventId)
  if (ids === undefined || ids.state.length > limits.stateEventsMax || ids.authChain.length > limits.stateEventsMax) return undefined
  const wanted = [...new Set([...ids.authChain, ...ids.state, eventId])]
  const missing = await unknownOf(engine, roomId, wanted)
  const fetched = await fetchEvents(ports, roomId, server, eventId, missing)
  if (fetched === undefined) return undefined
  await storeInSlices(engine, roomId, fetched.pdus)
  const view = await engine.view(roomId)
  if (view === undefined) return undefined
  return { ...(await readBack(engine, view, ids.state, which === 'after' ? eventId : undefined)), awaits: fetched.awaits }
}

/** Events that passed checks 1 to 3; with the keys that it `awaits` others might have. */
interface Fetched {
  readonly pdus: readonly Pdu[]
  readonly awaits: readonly MissingKey[]
}

async function unknownOf(engine: RoomEngine, roomId: RoomId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
  const { db, clock } = engine.ports
  const unknown = new Set(ids)
  const view = await engine.view(roomId)
  if (view === undefined) return unknown
  for (let at = 0; at < ids.length; at += limits.eventsPerReadMax) {
    for (const [id, number] of await loadNumbers(db, view, ids.slice(at, at + limits.eventsPerReadMax))) {
      // What could not be decided on is decided when it comes with what it rests on.
      if (!view.undecided.has(number)) unknown.delete(id)
    }
    await clock.sleep(0)
  }
  return unknown
}

/** The missing events: one by one when they are few and all are given, else with the whole state. Absent when they cannot be had. */
async function fetchEvents(
  { engine, peers }: Ports,
  roomId: RoomId,
  server: ServerName,
  eventId: EventId,
  missing: ReadonlySet<EventId>,
): Promise<Fetched | undefined> {
  const view = await engine.view(roomId)
  if (view === undefined) return undefined
  const awaits: MissingKey[] = []
  const check = async (values: Parameters<typeof checkReceived>[1]): Promise<Pdu[]> => {
    const options = { historical: true, slice: new TimeSlice(engine.ports.clock), wants: (id: EventId) => missing.has(id) }
    const received = await checkReceived(peers, values, roomId, view.rules, options)
    awaits.push(...received.flatMap((event) => (event.ok ? [] : (event.awaits ?? []))))
    return received.flatMap((event) => (event.ok ? [event.pdu] : []))
  }
  const single = async (wanted: readonly EventId[]): Promise<Pdu[] | undefined> => {
    const values = await fetchSingly(peers, server, wanted)
    return values === undefined ? undefined : check(values)
  }
  const few = missing.size <= limits.singleEventFetchesMax ? await single([...missing]) : undefined
  if (few !== undefined) return { pdus: few, awaits }
  const whole = await peers.state(server, roomId, eventId)
  if (whole === undefined) return undefined
  const pdus = [...(await check(whole.authChain)), ...(await check(whole.state))]
  const found = new Set(pdus.map((pdu) => pdu.eventId))
  // The event itself is not part of the state before it.
  if (!missing.has(eventId) || found.has(eventId)) return { pdus, awaits }
  const last = await single([eventId])
  return last === undefined ? undefined : { pdus: [...pdus, ...last], awaits }
}

/** The state as it is stored now, moved on by an event if that is a state event and allowed. */
async function readBack(
  engine: RoomEngine,
  view: RoomView,
  stateIds: readonly EventId[],
  movedBy: EventId | undefined,
): Promise<Omit<FullState, 'awaits'>> {
  const { db, clock } = engine.ports
  const entries: (readonly [KeyNumber, EventNumber])[] = []
  const members = new Map<EventNumber, MemberFact>()
  const add = (event: StoredEvent): void => {
    entries.push([event.key, event.event])
    if (event.pdu.type === 'm.room.member') members.set(event.event, memberFact(event.pdu))
  }
  for (let at = 0; at < stateIds.length; at += limits.eventsPerReadMax) {
    const numbers = await loadNumbers(db, view, stateIds.slice(at, at + limits.eventsPerReadMax))
    for (const event of await loadEvents(db, view, [...numbers.values()])) if (countsInState(event)) add(event)
    await clock.sleep(0)
  }
  const state = StateVector.of(entries)
  const last = movedBy === undefined ? undefined : await findEvent(db, view, movedBy)
  if (last === undefined || !countsInState(last) || !(await isAllowed(engine, view, state, last.pdu))) return { state, members }
  add(last)
  return { state: state.with(last.key, last.event), members }
}

function countsInState(event: StoredEvent): boolean {
  return event.isState && event.standing !== standing.rejected && event.standing !== standing.undecided
}

async function isAllowed(engine: RoomEngine, view: RoomView, state: StateVector, pdu: Pdu): Promise<boolean> {
  const keys = [...authEventKeys(pdu, view.rules), ['m.room.create', ''] as const]
  return authorize(pdu, await stateFor(engine.ports.db, view, { node: 0, links: 0, state }, keys), view.rules).allowed
}

/** What a member event says. */
export function memberFact(pdu: Pdu): MemberFact {
  return { membership: membershipOfEvent(pdu) ?? 'leave', sender: pdu.sender }
}
