import type { Pdu, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import { findEvent, loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import { inGraph, type StoredEvent } from '../engine/stored-event.ts'
import { gapsOf, placeHistory, type BackfillPorts, type Gap } from './backfill.ts'
import { checkReceived } from './check-received.ts'
import { fetchState } from './remote-state.ts'
import type { TimedEvent } from './room-peers.ts'

/** What is looked for: an event closer to a time than the event `found` (a number of the room; 0 for none). */
export interface TimeQuestion {
  readonly ts: number
  readonly direction: 'b' | 'f'
  readonly found: number
}

/**
 * Ask servers in the room for an event that is closer to a time than the one that we have, if our history has a gap where it
 * may be, and fetch it: alone, at its place in the gap, from which history can be filled on. True if it is there now.
 * Server-Server API, GET /timestamp_to_event.
 */
export async function findElsewhere(ports: BackfillPorts, view: RoomView, question: TimeQuestion): Promise<boolean> {
  const { db, serverName } = ports.engine.ports
  if (view.servers.size < 2) return false
  const [found] = question.found === 0 ? [] : await loadEvents(db, view, [question.found])
  const gaps = await gapsOf(ports, view)
  const children = await loadEvents(db, view, [...new Set(gaps.flatMap((gap) => gap.children))])
  if (!children.some((child) => mayHide(child, found, question))) return false
  const servers = [...view.servers.keys()].filter((server) => server !== serverName)
  for (const server of servers.slice(0, limits.backfillServersMax)) {
    const told = await ports.peers.eventByTime(server, view.roomId, question.ts, question.direction)
    if (told === undefined || !isCloser(told.ts, found, question)) continue
    if (await fetchInto(ports, view, server, told, children)) return true
  }
  return false
}

/** May the gap below `child` hold an event between the time and the event that was found? */
function mayHide(child: StoredEvent, found: StoredEvent | undefined, { ts, direction }: TimeQuestion): boolean {
  if (direction === 'b') return found === undefined || child.depth > found.depth
  return child.pdu.originServerTs >= ts && (found === undefined || child.depth <= found.depth)
}

function isCloser(time: number, found: StoredEvent | undefined, { ts, direction }: TimeQuestion): boolean {
  if (direction === 'f' ? time < ts : time > ts) return false
  return found === undefined || Math.abs(time - ts) < Math.abs(found.pdu.originServerTs - ts)
}

/** Fetch one event and place it, with its state as `server` tells it. False if we have it, or if it cannot be had as told. */
async function fetchInto(
  ports: BackfillPorts,
  view: RoomView,
  server: ServerName,
  { eventId, ts }: TimedEvent,
  children: readonly StoredEvent[],
): Promise<boolean> {
  const { engine, peers } = ports
  const known = await findEvent(engine.ports.db, view, eventId)
  if (known !== undefined && inGraph(known)) return false
  const value = await peers.event(server, eventId)
  const received =
    value === undefined || value === null ? [] : await checkReceived(peers, [value], view.roomId, view.rules, { historical: true })
  const [event] = received
  if (event?.ok !== true || event.pdu.eventId !== eventId || event.pdu.originServerTs !== ts) return false
  const { pdu } = event
  const state = pdu.type === 'm.room.create' ? undefined : await fetchState(ports, view, server, eventId)
  if (state === undefined && pdu.type !== 'm.room.create') return false
  // Right above the depth that it is to have.
  const gap: Gap = { eventId, children: [], depth: depthIn(pdu, children) + 1 }
  const claimed = new Map(state === undefined ? [] : [[eventId, state] as const])
  const placed = await engine.run(view.roomId, (held) => placeHistory(ports, held, [pdu], [gap], claimed))
  await placed.committed
  return placed.count > 0
}

/** As far below the lowest event above it as it says itself: so what is filled in later has room between them. */
function depthIn(pdu: Pdu, children: readonly StoredEvent[]): number {
  const above = children.filter((child) => child.pdu.depth > pdu.depth).sort((a, b) => a.pdu.depth - b.pdu.depth || a.depth - b.depth)
  const anchor = above[0]
  const depth = anchor === undefined ? Math.min(...children.map((child) => child.depth)) - 1 : anchor.depth - (anchor.pdu.depth - pdu.depth)
  return Math.max(1, depth)
}
