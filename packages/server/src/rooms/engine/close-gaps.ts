import type { EventId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { updateEdges } from '../../storage/tables/events.ts'
import { addMissingEvent, childrenOfMissing, removeMissingEvent } from '../../storage/tables/rooms.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadEvents } from './load-room.ts'
import { packEdges } from './packed-numbers.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber } from './state-vector.ts'
import { inGraph, standing, type StoredEvent } from './stored-event.ts'

/** Note that an event of our graph, or an undecided one, follows events that we have not got. */
export function openGaps(view: RoomView, unit: RoomUnit, event: StoredEvent): void {
  for (const [index, id] of event.pdu.prevEvents.entries()) {
    if (event.edges.prev[index] !== 0) continue
    unit.draft.add(addMissingEvent, view.room, id, event.event)
    const children = view.missing.get(id)
    if (children !== undefined) children.add(event.event)
    else if (view.missing.size < limits.missingInMemoryMax) view.missing.set(id, new Set([event.event]))
  }
}

/**
 * An event came, by whatever way: those that follow it know it now, and undecided ones that named it are to be judged again
 * (the announcement of the unit says so).
 */
export async function closeGaps(ports: EnginePorts, view: RoomView, unit: RoomUnit, event: StoredEvent): Promise<void> {
  const id = event.pdu.eventId
  if (view.undecided.size > 0) {
    // One that is known by its auth events alone still waits for its place in the graph.
    if (event.standing !== standing.outlier) {
      view.undecided.delete(event.event)
      view.released.delete(event.event)
    }
    for (const [number, named] of view.undecided) if (named.has(id)) view.released.add(number)
  }
  if (!inGraph(event) || view.missing.size === 0) return
  for (const child of await loadEvents(ports.db, view, await childrenOf(ports, view, id))) {
    const prev = child.pdu.prevEvents.map((prevId, index) => (prevId === id ? event.event : (child.edges.prev[index] ?? 0)))
    child.edges = { prev, auth: child.edges.auth }
    unit.addLast(updateEdges, [view.room, child.event, packEdges(child.edges)])
    unit.addLast(removeMissingEvent, [view.room, id, child.event])
  }
  view.missing.delete(id)
}

async function childrenOf(ports: EnginePorts, view: RoomView, id: EventId): Promise<EventNumber[]> {
  const known = view.missing.get(id)
  if (view.missing.size < limits.missingInMemoryMax) return [...(known ?? [])]
  return [...new Set([...(known ?? []), ...(await childrenOfMissing(ports.db, view.room, id))])]
}
