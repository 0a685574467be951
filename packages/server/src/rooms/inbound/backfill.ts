import { parseEventId, type EventId, type Pdu, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import { missingEvents } from '../../storage/tables/rooms.ts'
import { findEvent, loadNode } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import { inGraph, standing, type StoredEvent } from '../engine/stored-event.ts'
import { checkReceived } from './check-received.ts'
import { parentsFirst } from './in-order.ts'
import { judge } from './judge.ts'
import { adoptState, fetchState, type ClaimedState } from './remote-state.ts'
import type { RoomPeers } from './room-peers.ts'

export interface BackfillPorts {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly log: Logger
}

/** A place where history is missing: an event that we have not got in our graph, and the lowest of its children's depths. */
export interface Gap {
  readonly eventId: EventId
  readonly children: readonly number[]
  readonly depth: number
}

/**
 * Fetch history before a gap from servers in the room, oldest servers of the list last. True if events were placed, so
 * that the reader may look again. `depth`: how far back the reader has come; gaps above it are filled first, but none that
 * is above `upTo`, from where they read.
 */
export async function backfill(ports: BackfillPorts, view: RoomView, depth: number, upTo: number): Promise<boolean> {
  const gaps = (await gapsOf(ports, view)).filter((gap) => gap.depth <= upTo)
  const wanted = gaps.filter((gap) => gap.depth >= depth)
  const chosen = (wanted.length > 0 ? wanted : gaps).slice(0, limits.backfillGapsMax)
  if (chosen.length === 0) return false
  const servers = [...view.servers.keys()].filter((server) => server !== ports.engine.ports.serverName)
  for (const server of servers.slice(0, limits.backfillServersMax)) {
    if (await backfillFrom(ports, view, server, chosen)) return true
  }
  return false
}

/** The places where a room's history is missing; at most 100 of its events that we have not got are looked at. */
export async function gapsOf(ports: BackfillPorts, view: RoomView): Promise<Gap[]> {
  const gaps = new Map<EventId, Gap>()
  for (const row of await missingEvents(ports.engine.ports.db, view.room)) {
    const eventId = parseEventId(row.event_id)
    if (eventId === undefined) continue
    const known = gaps.get(eventId)
    gaps.set(eventId, {
      eventId,
      children: [...(known?.children ?? []), row.child],
      depth: Math.min(known?.depth ?? row.depth, row.depth),
    })
  }
  return [...gaps.values()]
}

async function backfillFrom(ports: BackfillPorts, view: RoomView, server: ServerName, gaps: readonly Gap[]): Promise<boolean> {
  const values = await ports.peers.backfill(
    server,
    view.roomId,
    gaps.map((gap) => gap.eventId),
    limits.backfillEvents,
  )
  if (values === undefined || values.length === 0) return false
  const received = await checkReceived(ports.peers, values.slice(0, limits.backfillEvents), view.roomId, view.rules, { historical: true })
  const pdus = new Map(received.flatMap((event) => (event.ok ? [[event.pdu.eventId, event.pdu] as const] : [])))
  const ordered = connected(pdus, gaps)
  if (ordered.length === 0) return false
  const claimed = new Map<EventId, ClaimedState>()
  for (const pdu of ordered) {
    if (pdu.type === 'm.room.create' || (await restsOn(ports, view, pdu, pdus))) continue
    const state = claimed.size < limits.backfillStatesMax ? await fetchState(ports, view, server, pdu.eventId) : undefined
    if (state === undefined) pdus.delete(pdu.eventId)
    else claimed.set(pdu.eventId, state)
  }
  const placed = await ports.engine.run(view.roomId, (held) =>
    placeHistory(
      ports,
      held,
      ordered.filter((pdu) => pdus.has(pdu.eventId)),
      gaps,
      claimed,
    ),
  )
  await placed.committed
  return placed.count > 0
}

/** Does the event follow events of the chunk, or of our graph, alone? Then its state is theirs. */
async function restsOn(ports: BackfillPorts, view: RoomView, pdu: Pdu, chunk: ReadonlyMap<EventId, Pdu>): Promise<boolean> {
  for (const id of pdu.prevEvents) {
    if (chunk.has(id)) continue
    const event = await findEvent(ports.engine.ports.db, view, id)
    if (event === undefined || !inGraph(event)) return false
  }
  return pdu.prevEvents.length > 0
}

/** The events that lead to a gap, oldest first. */
function connected(pdus: ReadonlyMap<EventId, Pdu>, gaps: readonly Gap[]): Pdu[] {
  const wanted = new Set<EventId>()
  const queue = gaps.map((gap) => gap.eventId)
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const pdu = pdus.get(id)
    if (pdu === undefined || wanted.has(id)) continue
    wanted.add(id)
    queue.push(...pdu.prevEvents)
  }
  return parentsFirst(
    [...pdus.values()].filter((pdu) => wanted.has(pdu.eventId)),
    (pdu) => pdu.eventId,
    (pdu) => pdu.prevEvents,
  )
}

/** Place events of the past, oldest first, each with its state where that was fetched; `gaps` are those that they fill. */
export async function placeHistory(
  ports: BackfillPorts,
  view: RoomView,
  pdus: readonly Pdu[],
  gaps: readonly Gap[],
  claimed: ReadonlyMap<EventId, ClaimedState>,
): Promise<{ readonly count: number; readonly committed: Promise<unknown> }> {
  const { engine } = ports
  const unit = new RoomUnit(engine.ports, view)
  const depths = depthsOf(pdus, gaps)
  const placed: StoredEvent[] = []
  for (const pdu of pdus) {
    const existing = await findEvent(engine.ports.db, view, pdu.eventId)
    if (existing !== undefined && inGraph(existing)) continue
    const state = claimed.get(pdu.eventId)
    const start = pdu.prevEvents.length === 0 ? { stateBefore: await loadNode(engine.ports.db, view, 0) } : {}
    const adopted = state === undefined ? undefined : await adoptState(engine, view, unit, state)
    if (state !== undefined && adopted === undefined) continue
    const before = adopted === undefined ? start : { stateBefore: adopted }
    const rejected = existing?.standing === standing.rejected
    const judgement = await judge(engine.ports, view, unit, pdu, { ...before, historical: true, rejected })
    if (!('standing' in judgement)) continue
    placed.push(
      await placeEvent(engine.ports, view, unit, {
        pdu,
        standing: judgement.standing,
        stateBefore: judgement.stateBefore,
        historyDepth: depths.get(pdu.eventId) ?? 0,
        ...(existing === undefined ? {} : { existing }),
      }),
    )
  }
  const committed = unit.commit()
  engine.holdUntil(view, committed)
  return { count: placed.filter((event) => event.standing === standing.accepted).length, committed }
}

/** Each event just below its children: those of the chunk, or those at the gap. */
function depthsOf(pdus: readonly Pdu[], gaps: readonly Gap[]): Map<EventId, number> {
  const depths = new Map<EventId, number>(gaps.map((gap) => [gap.eventId, gap.depth - 1]))
  for (const pdu of pdus.toReversed()) {
    const own = depths.get(pdu.eventId) ?? 0
    for (const prev of pdu.prevEvents) depths.set(prev, Math.min(depths.get(prev) ?? own - 1, own - 1))
  }
  return depths
}
