import type { EventId, Pdu, RoomId, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Rows } from '../../storage/database.ts'
import { findEvent, loadEvents, loadNode, loadNumbers } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { standing } from '../engine/stored-event.ts'
import { checkReceived } from './check-received.ts'
import { inGraph, judge, type Judgement, type JudgeOptions } from './judge.ts'
import { adoptState, fetchState, type ClaimedState } from './remote-state.ts'
import type { RoomPeers } from './room-peers.ts'
import { rescindInvite } from './rescind-invite.ts'
import { inAuthOrder, storeOutliers } from './store-outliers.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly log: Logger
  /** Events of the same worker that have not got their place yet. */
  readonly underWay?: ReadonlyMap<EventId, Promise<void>>
}

/** An event to be judged, and the peer that gave it. */
export interface Arrival {
  readonly pdu: Pdu
  readonly origin: ServerName
}

/** What one look at an event came to: it has its place (or was there), or something must be fetched. */
type Look = { readonly settled: Promise<unknown> } | Exclude<Judgement, { readonly standing: unknown }>

/**
 * Judge a received event (checks 4 to 6) and give it its place. What of its past is missing is fetched from the peer that
 * sent it, outside the room's queue and within bounds: first missing events, then the state at the gap.
 * `rows` are written with it (its inbox row's removal).
 */
export async function receiveEvent(
  ports: Ports,
  roomId: RoomId,
  arrival: Arrival,
  rows: (room: number) => readonly Rows[] = () => [],
): Promise<void> {
  let claimed: ClaimedState | undefined
  let rounds = 0
  let authFetched = false
  let waited = false
  for (;;) {
    const look = await ports.engine.run(roomId, (view) => attempt(ports, view, arrival, rows, claimed))
    if ('settled' in look) return void (await look.settled)
    if ('missingAuth' in look) {
      if (authFetched) return giveUp(ports, roomId, arrival, rows, 'its auth events cannot be had')
      authFetched = true
      await fetchAuth(ports, roomId, arrival)
      continue
    }
    const underWay = look.missingPrev.flatMap((id) => ports.underWay?.get(id) ?? [])
    if (underWay.length > 0 && !waited) {
      // Its prev events came with it and wait for something themselves. Once, so that no two can wait for each other.
      waited = true
      await Promise.allSettled(underWay)
      continue
    }
    if (rounds < limits.missingEventsRoundsMax && (await fetchMissing(ports, roomId, arrival, look.missingPrev))) {
      rounds += 1
      continue
    }
    if (claimed !== undefined) return giveUp(ports, roomId, arrival, rows, 'the state before it cannot be had')
    const view = await ports.engine.view(roomId)
    claimed = view === undefined ? undefined : await fetchState(ports.engine, ports.peers, view, arrival.origin, arrival.pdu.eventId)
    if (claimed === undefined) return giveUp(ports, roomId, arrival, rows, 'the state before it cannot be had')
  }
}

async function attempt(
  ports: Ports,
  view: RoomView,
  arrival: Arrival,
  rows: (room: number) => readonly Rows[],
  claimed: ClaimedState | undefined,
): Promise<Look> {
  const { pdu } = arrival
  const unit = new RoomUnit(ports.engine.ports, view)
  unit.addRows(rows(view.room))
  const existing = await findEvent(ports.engine.ports.db, view, pdu.eventId)
  if (!view.hasState) await rescindInvite(ports.engine.ports, view, unit, pdu, existing)
  if (!view.hasState || (existing !== undefined && inGraph(existing))) return { settled: unit.commit() }
  const options: JudgeOptions = claimed === undefined ? {} : { stateBefore: await stateAtGap(ports, view, unit, pdu, claimed) }
  const judgement = await judge(ports.engine.ports, view, unit, pdu, options)
  if (!('standing' in judgement)) return judgement
  if (judgement.refusal !== undefined) {
    ports.log.info(
      { event: pdu.eventId, origin: arrival.origin, refusal: judgement.refusal, standing: judgement.standing },
      'an event was refused',
    )
  }
  await placeEvent(ports.engine.ports, view, unit, {
    pdu,
    standing: judgement.standing,
    stateBefore: judgement.stateBefore,
    ...(existing === undefined ? {} : { existing }),
  })
  const settled = unit.commit()
  ports.engine.holdUntil(view, settled)
  return { settled }
}

/** The state before an event whose past we lack: the peer's, resolved with the states after the prev events that we have, and our own. */
async function stateAtGap(ports: Ports, view: RoomView, unit: RoomUnit, pdu: Pdu, claimed: ClaimedState): Promise<StateNode> {
  const { db } = ports.engine.ports
  const numbers = await loadNumbers(db, view, pdu.prevEvents)
  const known = (await loadEvents(db, view, [...numbers.values()])).filter(inGraph)
  const nodes = new Map<number, StateNode>([[view.current.node, view.current]])
  for (const event of known) nodes.set(event.stateAfter, await loadNode(db, view, event.stateAfter))
  return adoptState(ports.engine, view, unit, claimed, [...nodes.values()])
}

/** Fetch events between our tips and `arrival`, and receive them, oldest first. False if the peer gave none that help. */
async function fetchMissing(ports: Ports, roomId: RoomId, arrival: Arrival, missing: readonly EventId[]): Promise<boolean> {
  const view = await ports.engine.view(roomId)
  if (view === undefined) return false
  const values = await ports.peers.getMissingEvents(arrival.origin, roomId, {
    earliest: view.tips.map((tip) => tip.eventId),
    latest: [arrival.pdu.eventId],
    limit: limits.missingEventsLimit,
  })
  if (values === undefined || values.length === 0) return false
  const received = await checkReceived(ports.peers, values.slice(0, limits.missingEventsLimit), roomId, view.rules)
  const pdus = received.flatMap((event) => (event.ok ? [event.pdu] : []))
  if (!missing.some((id) => pdus.some((pdu) => pdu.eventId === id))) return false
  for (const pdu of byPrevEvents(pdus)) {
    // Those that start behind the gap need what this very call is looking for: they get the state at their own gap.
    await receiveFetched(ports, roomId, { pdu, origin: arrival.origin })
  }
  return true
}

/** Receive an event that fills a gap: its own gap is bridged by state, not by further events. */
async function receiveFetched(ports: Ports, roomId: RoomId, arrival: Arrival): Promise<void> {
  let claimed: ClaimedState | undefined
  for (let turn = 0; turn < 3; turn += 1) {
    const look = await ports.engine.run(roomId, (view) => attempt(ports, view, arrival, () => [], claimed))
    if ('settled' in look) return void (await look.settled)
    if ('missingAuth' in look) {
      await fetchAuth(ports, roomId, arrival)
      continue
    }
    const view = await ports.engine.view(roomId)
    claimed = view === undefined ? undefined : await fetchState(ports.engine, ports.peers, view, arrival.origin, arrival.pdu.eventId)
    if (claimed === undefined) return
  }
}

/** Fetch and keep the auth chain of an event. */
async function fetchAuth(ports: Ports, roomId: RoomId, arrival: Arrival): Promise<void> {
  const values = await ports.peers.eventAuth(arrival.origin, roomId, arrival.pdu.eventId)
  const view = await ports.engine.view(roomId)
  if (values === undefined || view === undefined || values.length > limits.stateEventsMax) return
  const received = await checkReceived(ports.peers, values, roomId, view.rules, { historical: true })
  const pdus = received.flatMap((event) => (event.ok ? [event.pdu] : []))
  const committed = await ports.engine.run(roomId, async (held) => {
    const unit = new RoomUnit(ports.engine.ports, held)
    await storeOutliers(ports.engine.ports, held, unit, inAuthOrder(pdus))
    const settled = unit.commit()
    ports.engine.holdUntil(held, settled)
    return { settled }
  })
  await committed.settled
}

/** The event stays undecided: kept, not shown, judged again when it is offered again. */
async function giveUp(ports: Ports, roomId: RoomId, arrival: Arrival, rows: (room: number) => readonly Rows[], why: string): Promise<void> {
  ports.log.warn({ event: arrival.pdu.eventId, origin: arrival.origin, why }, 'an event is undecided')
  const committed = await ports.engine.run(roomId, async (view) => {
    const unit = new RoomUnit(ports.engine.ports, view)
    unit.addRows(rows(view.room))
    const existing = await findEvent(ports.engine.ports.db, view, arrival.pdu.eventId)
    if (existing === undefined) {
      const none = await loadNode(ports.engine.ports.db, view, 0)
      await placeEvent(ports.engine.ports, view, unit, { pdu: arrival.pdu, standing: standing.undecided, stateBefore: none })
    }
    const settled = unit.commit()
    ports.engine.holdUntil(view, settled)
    return { settled }
  })
  await committed.settled
}

/** Oldest first, by their prev events. */
function byPrevEvents(pdus: readonly Pdu[]): Pdu[] {
  const left = new Map(pdus.map((pdu) => [pdu.eventId, pdu]))
  const ordered: Pdu[] = []
  while (left.size > 0) {
    const ready = [...left.values()].filter((pdu) => !pdu.prevEvents.some((id) => left.has(id)))
    // A cycle cannot be: ids are hashes. In versions 1 and 2 it can, and is taken as it comes.
    for (const pdu of ready.length > 0 ? ready : left.values()) {
      ordered.push(pdu)
      left.delete(pdu.eventId)
    }
  }
  return ordered
}
