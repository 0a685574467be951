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
 * The events that a room judged by a part of its state, each after those that it follows or names as its auth events, else in the order in which they got their places:
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
    (event) => [...event.pdu.prevEvents, ...event.pdu.authEvents],
  )
}

/** An event of whose state nothing is known yet. */
export interface MissingState {
  /** Events that follow it; a server whose history begins with one of them knows the state before that one instead. */
  readonly followers: EventId[]
  /** One of our joins follows it: nothing is complete without it. */
  needed: boolean
}

/**
 * The prev events of some events, given parents first, whose state has to be fetched: those that have no place in our graph. Those of a join
 * with which the room began for us (`anchors`) also when they have come since, by a way whose far end is missing: of that nobody may tell the
 * state, and of the join the server must that let us in.
 */
export async function missingPrevs(
  db: Database,
  view: RoomView,
  events: readonly StoredEvent[],
  anchors: ReadonlySet<EventNumber>,
): Promise<Map<EventId, MissingState>> {
  const absent = await absentPrevs(db, view, events)
  const missing = new Map<EventId, MissingState>()
  const openEnded = new Set<EventId>()
  for (const { event, pdu } of events) {
    const isAnchor = anchors.has(event)
    for (const id of pdu.prevEvents) {
      const open = openEnded.has(id)
      if (!absent.has(id) && !open) continue
      if (!isAnchor) openEnded.add(pdu.eventId)
      if (open && !isAnchor) continue
      const state = missing.get(id) ?? { followers: [], needed: false }
      missing.set(id, state)
      if (isAnchor) state.needed = true
      else state.followers.push(pdu.eventId)
    }
  }
  return missing
}

/** The prev events of some events that have no place in our graph. */
async function absentPrevs(db: Database, view: RoomView, events: readonly StoredEvent[]): Promise<Set<EventId>> {
  const absent = new Set(events.flatMap((event) => [...event.pdu.prevEvents]))
  for (const event of events) absent.delete(event.pdu.eventId)
  const numbers = await loadNumbers(db, view, [...absent])
  for (const event of await loadEvents(db, view, [...numbers.values()])) if (inGraph(event)) absent.delete(event.pdu.eventId)
  return absent
}
