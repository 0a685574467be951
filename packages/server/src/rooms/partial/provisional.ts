import type { EventId } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Database } from '../../storage/database.ts'
import { provisionalEvents } from '../../storage/tables/partial-joins.ts'
import { loadEvents, loadNumbers } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber } from '../engine/state-vector.ts'
import { inGraph, type StoredEvent } from '../engine/stored-event.ts'
import { parentsFirst } from '../inbound/in-order.ts'

/**
 * The events that a room judged by a part of its state, each after those that it follows, else in the order in which they got their places:
 * an event that was known before the join, and placed after it, is measured by the state that the join brought.
 */
export async function provisionalOf(db: Database, view: RoomView): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for (let after = 0; ;) {
    const rows = await provisionalEvents(db, view.room, after, limits.eventsPerReadMax)
    const page = await loadEvents(
      db,
      view,
      rows.map((row) => row.event),
    )
    events.push(...page)
    after = rows.at(-1)?.event ?? after
    if (rows.length < limits.eventsPerReadMax) break
  }
  const placed = events.toSorted((a, b) => (a.pos ?? Infinity) - (b.pos ?? Infinity) || a.event - b.event)
  return parentsFirst(
    placed,
    (event) => event.pdu.eventId,
    (event) => event.pdu.prevEvents,
  )
}

/**
 * The prev events of some events whose state has to be fetched, and which of the events follow each: those that have no place in our graph.
 * Those of a join with which the room began for us (`anchors`) also when they have come since and were judged by a part of the state: of
 * what is before them nobody may tell the state, and of the join the server must that let us in.
 */
export async function missingPrevs(
  db: Database,
  view: RoomView,
  events: readonly StoredEvent[],
  anchors: ReadonlySet<EventNumber>,
): Promise<Map<EventId, EventId[]>> {
  const provisional = new Set(events.map(({ pdu }) => pdu.eventId))
  const missing = new Map<EventId, EventId[]>()
  for (const { event, pdu } of events) {
    for (const id of pdu.prevEvents) {
      if (anchors.has(event) || !provisional.has(id)) missing.set(id, [...(missing.get(id) ?? []), pdu.eventId])
    }
  }
  const numbers = await loadNumbers(db, view, [...missing.keys()])
  for (const event of await loadEvents(db, view, [...numbers.values()])) {
    if (inGraph(event) && !provisional.has(event.pdu.eventId)) missing.delete(event.pdu.eventId)
  }
  return missing
}
