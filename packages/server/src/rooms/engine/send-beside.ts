import { membershipOfEvent, serverOf, type Pdu, type ServerName } from '@causeway/events'
import { markPassedOn } from '../../storage/tables/events.ts'
import { passedOnAmong } from '../../storage/tables/outbound.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadEvents, loadNode } from './load-room.ts'
import type { EventOf } from './move-members.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView, StateNode, Tip } from './room-view.ts'
import type { StoredEvent } from './stored-event.ts'

/** Those of some tips that are ours to pass on: what our users said, and the joins that others made through us. */
export async function besideOf(ports: EnginePorts, view: RoomView, tips: readonly Tip[]): Promise<StoredEvent[]> {
  if (tips.length === 0) return []
  const events = (
    await loadEvents(
      ports.db,
      view,
      tips.map((tip) => tip.event),
    )
  ).filter((event) => event.pos !== undefined)
  const joins = events.filter(({ pdu }) => serverOf(pdu.sender) !== ports.serverName && isJoin(pdu)).map(({ event }) => event)
  const vouched = new Set((joins.length === 0 ? [] : await passedOnAmong(ports.db, view.room, joins)).map(({ event }) => event))
  return events.filter(({ event, pdu }) => serverOf(pdu.sender) === ports.serverName || vouched.has(event))
}

/**
 * A server that comes into the room is told what stands in it and what follows. What was said here beside the join, not knowing of it,
 * is neither: the newest of it is sent, and what is before that the server can ask for.
 */
export function sendBeside(unit: RoomUnit, beside: readonly StoredEvent[], newcomers: readonly ServerName[]): void {
  if (newcomers.length === 0) return
  for (const event of beside) {
    // It may have gone to nobody when it was said: from now on the log tells it among what is passed on.
    unit.draft.add(markPassedOn, unit.room, event.event, 1)
    unit.addDeparture({ event, servers: newcomers.filter((server) => server !== serverOf(event.pdu.sender)), late: true })
  }
}

/** Servers that came into a room. */
export function newcomersOf(view: RoomView, own: ServerName, before: readonly ServerName[]): ServerName[] {
  const known = new Set(before)
  return [...view.servers.keys()].filter((server) => server !== own && !known.has(server))
}

/**
 * The servers of those who are in the room again by the resolution, by a join from before which they were in it already: they never saw
 * themselves out, while we told them nothing.
 */
export async function returnedBy(
  ports: EnginePorts,
  view: RoomView,
  changes: readonly (readonly [key: number, old: number, now: number])[],
  eventOf: EventOf,
  placed: { readonly event: StoredEvent; readonly stateBefore: StateNode },
): Promise<ReadonlySet<ServerName>> {
  const found = new Set<ServerName>()
  for (const [key, old, now] of changes) {
    const join = eventOf(now)
    if (view.keys.at(key)?.type !== 'm.room.member' || !isJoin(join?.pdu) || isJoin(eventOf(old)?.pdu)) continue
    const server = join === undefined || join.pdu.stateKey !== join.pdu.sender ? undefined : serverOf(join.pdu.sender)
    if (join === undefined || server === undefined || server === ports.serverName || view.servers.has(server)) continue
    // Of a join apart from the graph nothing is known of what was before it.
    if (join !== placed.event && join.stateBefore === 0) continue
    const before = join === placed.event ? placed.stateBefore : await loadNode(ports.db, view, join.stateBefore)
    const number = before.state.get(key)
    const [stood] = number === 0 ? [] : await loadEvents(ports.db, view, [number])
    if (isJoin(stood?.pdu)) found.add(server)
  }
  return found
}

function isJoin(pdu: Pdu | undefined): boolean {
  return membershipOfEvent(pdu) === 'join'
}
