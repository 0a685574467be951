import type { EventId, Pdu } from '@causeway/events'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { loadEvents, loadNumbers } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { StateVector } from '../engine/state-vector.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { judgeByAuthEvents } from './judge.ts'

const noState: StateNode = { node: 0, links: 0, state: StateVector.empty }

/**
 * Keep events that are not part of our graph (auth chains, state at a gap), each judged by its own auth events, in the
 * order of the auth graph. Events that we have are left as they are. Returns all that we have now, by id; an event whose
 * own auth events are missing is undecided and not kept.
 */
export async function storeOutliers(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  pdus: readonly Pdu[],
): Promise<Map<EventId, StoredEvent>> {
  const stored = new Map<EventId, StoredEvent>()
  const numbers = await loadNumbers(
    ports.db,
    view,
    pdus.map((pdu) => pdu.eventId),
  )
  for (const event of await loadEvents(ports.db, view, [...numbers.values()])) stored.set(event.pdu.eventId, event)
  for (const pdu of inAuthOrder(pdus.filter((candidate) => !stored.has(candidate.eventId)))) {
    const verdict = await judgeByAuthEvents(ports, view, pdu)
    if ('missingAuth' in verdict) continue
    const kept = await placeEvent(ports, view, unit, {
      pdu,
      standing: verdict.allowed ? standing.outlier : standing.rejected,
      stateBefore: noState,
    })
    stored.set(pdu.eventId, kept)
  }
  return stored
}

/** Auth events before what they authorize; iterative, since a hostile chain may be long. */
export function inAuthOrder(pdus: readonly Pdu[]): Pdu[] {
  const byId = new Map(pdus.map((pdu) => [pdu.eventId, pdu]))
  const done = new Set<EventId>()
  const ordered: Pdu[] = []
  // From room version 12 on nothing names the create event, and everything rests on it.
  const roots = [...byId.values()].toSorted((a, b) => Number(b.type === 'm.room.create') - Number(a.type === 'm.room.create'))
  for (const root of roots) {
    const stack: { readonly pdu: Pdu; next: number }[] = [{ pdu: root, next: 0 }]
    const open = new Set<EventId>()
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const id = top.pdu.authEvents[top.next]
      top.next += 1
      if (id === undefined) {
        stack.pop()
        if (!done.has(top.pdu.eventId)) ordered.push(top.pdu)
        done.add(top.pdu.eventId)
        continue
      }
      const parent = byId.get(id)
      if (parent === undefined || done.has(id) || open.has(id)) continue
      open.add(id)
      stack.push({ pdu: parent, next: 0 })
    }
  }
  return ordered
}
