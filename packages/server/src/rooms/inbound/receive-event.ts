import type { EventId, JsonObject, Pdu, RoomId, ServerName } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Rows } from '../../storage/database.ts'
import { findEvent, loadNode } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import { inGraph, standing } from '../engine/stored-event.ts'
import { askPolicyServer } from '../policy/ask-policy-server.ts'
import type { PolicyServer } from '../policy/policy-server.ts'
import { bridgeGap } from './bridge-gap.ts'
import { checkReceived } from './check-received.ts'
import { fetchGap } from './fill-gap.ts'
import type { GapTurns } from './gap-turns.ts'
import { judge, type Judgement, type JudgeOptions } from './judge.ts'
import { mergeTips } from './merge-tips.ts'
import { fetchStatesAfter, stateAtGap, type ClaimedState } from './remote-state.ts'
import type { RoomPeers } from './room-peers.ts'
import { rescindInvite } from './rescind-invite.ts'
import { storeOutliers } from './store-outliers.ts'

/** What an event is received with. */
export interface ReceivePorts {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly log: Logger
  readonly turns: GapTurns
  /** Keeps events that `origin` gave until the servers that signed them tell their keys. */
  readonly keepUnverified: (view: RoomView, origin: ServerName, pdus: readonly Pdu[]) => Promise<void>
  /** The work on prev events that came before it and have not got their place yet. */
  readonly underWay?: (prevEvents: readonly EventId[]) => readonly Promise<void>[]
}

/** An event to be judged, and the peer that gave it. */
export interface Arrival {
  readonly pdu: Pdu
  readonly origin: ServerName
}

/** What became of an event: it has its place (or was there, or is none of ours), or what it rests on cannot be had. */
export type Receipt = 'settled' | 'undecided'

type ExtraRows = (room: number) => readonly Rows[]

/** What was fetched for an event since it was looked at first. */
interface Fetched {
  readonly policyAsked: boolean
  /** 'later': with the rest of the room's state; until then the event is judged by what is here. */
  readonly claimed?: ReadonlyMap<EventId, ClaimedState> | 'later' | undefined
}

/** What one look at an event came to. */
type Look =
  | { readonly settled: Promise<unknown> }
  /** `partial`: only a part of the room's state is here. */
  | (Exclude<Judgement, { readonly standing: unknown }> & { readonly partial: boolean })

/**
 * Judge a received event (checks 4 to 6) and give it its place. What of its past is missing is fetched from the peer that
 * sent it, outside the room's queue and within bounds. What cannot be decided is kept, not shown, and judged again when its
 * past arrives. `rows` are written with it (its inbox row's removal).
 * Server-Server API, "Retrieving event authorization information", "Backfilling and retrieving missing events".
 */
export async function receiveEvent(ports: ReceivePorts, roomId: RoomId, given: Arrival, rows: ExtraRows = () => []): Promise<Receipt> {
  let arrival = given
  let policyAsked = false
  let waited = false
  let filled = false
  let authFetched = false
  for (;;) {
    const look = await ports.engine.run(roomId, (view) => attempt(ports, view, arrival, rows, { policyAsked }))
    if ('settled' in look) {
      await look.settled
      return 'settled'
    }
    if ('missingAuth' in look) {
      if (authFetched) return giveUp(ports, roomId, arrival, rows, 'its auth events cannot be had')
      authFetched = true
      await ports.turns.take(roomId, arrival.origin, () => fetchAuthFor(ports, roomId, arrival, look))
      continue
    }
    if ('needsPolicy' in look) {
      policyAsked = true
      arrival = await recommended(ports, roomId, arrival, look.needsPolicy)
      continue
    }
    const underWay = waited ? [] : (ports.underWay?.(look.missingPrev) ?? [])
    if (underWay.length > 0) {
      // Its prev events came before it and wait for something themselves.
      waited = true
      await Promise.allSettled(underWay)
      continue
    }
    if (filled) return giveUp(ports, roomId, arrival, rows, 'its prev events cannot be had')
    filled = true
    await ports.turns.take(roomId, arrival.origin, () => fillGap(ports, roomId, arrival))
  }
}

async function attempt(
  ports: ReceivePorts,
  view: RoomView,
  arrival: Arrival,
  rows: ExtraRows,
  { claimed, policyAsked }: Fetched,
): Promise<Look> {
  const { pdu } = arrival
  const unit = new RoomUnit(ports.engine.ports, view)
  const existing = await findEvent(ports.engine.ports.db, view, pdu.eventId)
  if (!view.hasState) await rescindInvite(ports.engine.ports, view, unit, pdu, existing)
  if (!view.hasState || (existing !== undefined && inGraph(existing))) return commit(ports, view, unit, rows)
  const { engine } = ports
  const before =
    claimed === 'later' ? await bridgeGap(engine.ports, view, unit, pdu) : claimed && (await stateAtGap(engine, view, unit, pdu, claimed))
  const options: JudgeOptions = {
    ...(before === undefined ? {} : { stateBefore: before }),
    rejected: existing?.standing === standing.rejected,
    policyAsked,
  }
  const judgement = await judge(ports.engine.ports, view, unit, pdu, options)
  if (!('standing' in judgement)) {
    // A peer's state was taken in on the way; that holds, whatever becomes of the event.
    if (before !== undefined) commit(ports, view, unit, () => [])
    return { ...judgement, partial: view.partial !== undefined }
  }
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
  const placed = commit(ports, view, unit, rows)
  await mergeTips(ports.engine, view, limits.busyTipsMax)
  return placed
}

function commit(ports: ReceivePorts, view: RoomView, unit: RoomUnit, rows: ExtraRows): { readonly settled: Promise<unknown> } {
  unit.addRows(rows(view.room))
  const settled = unit.commit()
  ports.engine.holdUntil(view, settled)
  return { settled }
}

/**
 * Fetch the events between our graph and `arrival`, and receive them, oldest first. Where they do not reach our graph, the
 * state after what is missing is fetched too. Prev events of `arrival` itself that the peer keeps to itself are not bridged:
 * nobody vouches for them.
 */
async function fillGap(ports: ReceivePorts, roomId: RoomId, arrival: Arrival): Promise<void> {
  const view = await ports.engine.view(roomId)
  if (view === undefined || !view.hasState) return
  const failed = new Set<EventId>()
  const { pdus, unverified } = await fetchGap(ports, view, arrival.origin, arrival.pdu)
  // Their servers may not have known that we are in the room. Once the gap is bridged nobody asks for them any more.
  await ports.keepUnverified(view, arrival.origin, unverified)
  for (const pdu of pdus) {
    const onFailed = pdu.prevEvents.some((id) => failed.has(id))
    if (onFailed || !(await receivePulled(ports, roomId, { pdu, origin: arrival.origin }))) failed.add(pdu.eventId)
  }
  ports.turns.note(roomId, arrival.origin, pdus.length > 0 && !arrival.pdu.prevEvents.some((id) => failed.has(id)))
}

/** Receive an event that fills a gap: its own gap is bridged by states. False if it cannot be decided. */
async function receivePulled(ports: ReceivePorts, roomId: RoomId, given: Arrival): Promise<boolean> {
  let arrival = given
  let claimed: Fetched['claimed']
  let authFetched = false
  let policyAsked = false
  for (;;) {
    const look = await ports.engine.run(roomId, (view) => attempt(ports, view, arrival, () => [], { claimed, policyAsked }))
    if ('settled' in look) {
      await look.settled
      return true
    }
    if ('missingAuth' in look) {
      if (authFetched) return false
      authFetched = true
      await fetchAuthFor(ports, roomId, arrival, look)
      continue
    }
    if ('needsPolicy' in look) {
      policyAsked = true
      arrival = await recommended(ports, roomId, arrival, look.needsPolicy)
      continue
    }
    if (look.partial && claimed === undefined) {
      claimed = 'later'
      continue
    }
    const view = claimed === undefined ? await ports.engine.view(roomId) : undefined
    claimed =
      view === undefined
        ? undefined
        : ((await fetchStatesAfter(ports, view, arrival.origin, look.missingPrev)) ??
          (await fetchStatesAfter(ports, view, arrival.origin, [arrival.pdu.eventId])))
    if (claimed === undefined) return false
  }
}

/** The event with the policy server's signature; as it was, if that does not sign. */
async function recommended(ports: ReceivePorts, roomId: RoomId, arrival: Arrival, policy: PolicyServer): Promise<Arrival> {
  const view = await ports.engine.view(roomId)
  if (view === undefined) return arrival
  try {
    return { ...arrival, pdu: await askPolicyServer(ports.peers, arrival.pdu, view.rules, policy, { evenIfResting: false }) }
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error
    ports.log.info({ event: arrival.pdu.eventId, policyServer: policy.server, why: error.message }, 'a policy server did not sign')
    return arrival
  }
}

/**
 * Fetch and keep what an event is missing of its auth chain. Of a room of whose state only a part is here that is one member
 * event, as a rule: what is missing is asked for by itself first.
 */
async function fetchAuthFor(
  ports: ReceivePorts,
  roomId: RoomId,
  arrival: Arrival,
  look: { readonly missingAuth: readonly EventId[]; readonly partial: boolean },
): Promise<void> {
  if (look.partial && look.missingAuth.length <= limits.singleEventFetchesAtOnce) {
    const fetched = await Promise.all(look.missingAuth.map((id) => ports.peers.event(arrival.origin, id)))
    const values = fetched.filter((value) => value !== undefined && value !== null)
    const kept = await keepAuth(ports, roomId, values)
    if (look.missingAuth.every((id) => kept.has(id))) return
  }
  const values = await ports.peers.eventAuth(arrival.origin, roomId, arrival.pdu.eventId)
  if (values !== undefined && values.length <= limits.stateEventsMax) await keepAuth(ports, roomId, values)
}

/** Gives the ids of those that could be judged. */
async function keepAuth(ports: ReceivePorts, roomId: RoomId, values: readonly JsonObject[]): Promise<ReadonlySet<EventId>> {
  const view = await ports.engine.view(roomId)
  if (view === undefined || values.length === 0) return new Set()
  const received = await checkReceived(ports.peers, values, roomId, view.rules, {
    historical: true,
    slice: new TimeSlice(ports.engine.ports.clock),
  })
  const pdus = received.flatMap((event) => (event.ok ? [event.pdu] : []))
  const { settled, kept } = await ports.engine.run(roomId, async (held) => {
    const unit = new RoomUnit(ports.engine.ports, held)
    const stored = await storeOutliers(ports.engine.ports, held, unit, pdus)
    return { ...commit(ports, held, unit, () => []), kept: new Set(stored.keys()) }
  })
  await settled
  return kept
}

/** The event stays undecided: kept, within bounds, and not shown. */
async function giveUp(ports: ReceivePorts, roomId: RoomId, arrival: Arrival, rows: ExtraRows, why: string): Promise<Receipt> {
  const committed = await ports.engine.run(roomId, async (view) => {
    const unit = new RoomUnit(ports.engine.ports, view)
    const existing = await findEvent(ports.engine.ports.db, view, arrival.pdu.eventId)
    const full = view.undecided.size >= limits.undecidedRoomMax
    if (existing === undefined) {
      ports.log.warn({ event: arrival.pdu.eventId, origin: arrival.origin, why, dropped: full }, 'an event is undecided')
    }
    if (existing === undefined && !full) {
      const stateBefore = await loadNode(ports.engine.ports.db, view, 0)
      await placeEvent(ports.engine.ports, view, unit, { pdu: arrival.pdu, standing: standing.undecided, stateBefore })
    }
    // What has moved since was not enough.
    if (existing !== undefined) view.released.delete(existing.event)
    return commit(ports, view, unit, rows)
  })
  await committed.settled
  return 'undecided'
}
