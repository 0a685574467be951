import type { EventId } from '@causeway/events'
import type { Database } from '../database.ts'
import { In, sql } from '../sql.ts'
import { hash48 } from '../hash48.ts'
import { insert, update, upsert } from '../table-write.ts'

/** A header row with the event's bytes. Numbers as in the schema's comments. */
export interface EventRow {
  readonly event: number
  readonly event_id: string
  readonly standing: number
  readonly pos: number | null
  readonly depth: number
  readonly slot: number
  readonly position: number
  readonly ts: number
  readonly key: number
  readonly is_state: number
  readonly sender: number
  readonly state_before: number
  readonly state_after: number
  readonly edges: Uint8Array
  readonly counts: Uint8Array | null
  readonly origin: string | null
  readonly redacted_by: number | null
  readonly thread: string | null
  readonly json: Uint8Array
}

/** Graph headers. Bound: one row an event, purged with its room. */
export const insertEvent = insert({
  name: 'events.insert',
  table: 'events',
  columns: {
    room: 'int',
    event: 'int',
    event_id: 'text',
    standing: 'int',
    provisional: 'int',
    pos: 'int',
    depth: 'int',
    slot: 'int',
    position: 'int',
    ts: 'int',
    key: 'int',
    is_state: 'int',
    sender: 'int',
    state_before: 'int',
    state_after: 'int',
    edges: 'bytes',
    counts: 'bytes',
    origin: 'text',
    federate: 'int',
    thread: 'text',
  },
})

/** An event that we had apart from the graph takes its place in it (an outlier that is judged, an undecided one that is decided). */
export const placeEvent = update({
  name: 'events.place',
  table: 'events',
  key: ['room', 'event'],
  columns: {
    room: 'int',
    event: 'int',
    standing: 'int',
    provisional: 'int',
    pos: 'int',
    depth: 'int',
    slot: 'int',
    position: 'int',
    state_before: 'int',
    state_after: 'int',
    edges: 'bytes',
    counts: 'bytes',
    federate: 'int',
    thread: 'text',
  },
})

/** A gap was filled: an event's prev events are known now. */
export const updateEdges = update({
  name: 'events.updateEdges',
  table: 'events',
  key: ['room', 'event'],
  columns: { room: 'int', event: 'int', edges: 'bytes' },
})

export const markRedacted = update({
  name: 'events.markRedacted',
  table: 'events',
  key: ['room', 'event'],
  columns: { room: 'int', event: 'int', redacted_by: 'int' },
})

/** An event that went to nobody is passed on after all. */
export const markPassedOn = update({
  name: 'events.markPassedOn',
  table: 'events',
  key: ['room', 'event'],
  columns: { room: 'int', event: 'int', federate: 'int' },
})

export const insertEventId = insert({
  name: 'event_ids.insert',
  table: 'event_ids',
  columns: { room: 'int', hash: 'int', event: 'int' },
})

export const insertBody = insert({
  name: 'event_bodies.insert',
  table: 'event_bodies',
  columns: { room: 'int', event: 'int', json: 'bytes' },
})

/** A redacted event's bytes take the place of the original ones. */
export const replaceBody = upsert({
  name: 'event_bodies.replace',
  table: 'event_bodies',
  key: ['room', 'event'],
  columns: { room: 'int', event: 'int', json: 'bytes' },
})

/** Events of a room by number, in no order. Bound: the list, at most some hundred a call. */
export function eventsByNumber(db: Database, room: number, events: readonly number[]): Promise<EventRow[]> {
  if (events.length === 0) return Promise.resolve([])
  return db.all(sql<EventRow>('events.byNumber')`
    SELECT e.event, event_id, standing, pos, depth, slot, position, ts, key, is_state, sender, state_before, state_after, edges,
      counts, origin, redacted_by, thread, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json
    FROM events e
    WHERE e.room = ${room} AND e.event ${new In(events)}`)
}

/** What resolving and making states reads of an event beside its body. */
export interface EventLinks {
  readonly event: number
  readonly event_id: string
  readonly standing: number
  readonly key: number
  readonly is_state: number
  readonly edges: Uint8Array
}

/** The links of events of a room by number, in no order. Bound: the list, at most some hundred a call. */
export function linksByNumber(db: Database, room: number, events: readonly number[]): Promise<EventLinks[]> {
  if (events.length === 0) return Promise.resolve([])
  return db.all(sql<EventLinks>('events.links')`
    SELECT event, event_id, standing, key, is_state, edges FROM events WHERE room = ${room} AND event ${new In(events)}`)
}

/** Events in live order: positions after `after` up to `upTo`, newest first, at most `limit`. */
export function liveEventsBackwards(db: Database, room: number, after: number, upTo: number, limit: number): Promise<EventRow[]> {
  return db.all(sql<EventRow>('events.liveBackwards')`
    SELECT e.event, event_id, standing, pos, depth, slot, position, ts, key, is_state, sender, state_before, state_after, edges,
      counts, origin, redacted_by, thread, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json
    FROM events e
    WHERE e.room = ${room} AND e.pos > ${after} AND e.pos <= ${upTo}
    ORDER BY e.pos DESC LIMIT ${limit}`)
}

/** A place in a room's history: before or after all events of that depth and position. */
export interface HistoryPlace {
  readonly depth: number
  readonly pos: number
}

/** Events in history order before `place`, newest first. */
export function historyBackwards(db: Database, room: number, place: HistoryPlace, limit: number): Promise<EventRow[]> {
  return db.all(sql<EventRow>('events.historyBackwards')`
    SELECT e.event, event_id, standing, pos, depth, slot, position, ts, key, is_state, sender, state_before, state_after, edges,
      counts, origin, redacted_by, thread, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json
    FROM events e
    WHERE e.room = ${room} AND e.pos IS NOT NULL AND (e.depth, e.pos) < (${place.depth}, ${place.pos})
    ORDER BY e.depth DESC, e.pos DESC LIMIT ${limit}`)
}

/** Events in history order after `place`, oldest first. */
export function historyForwards(db: Database, room: number, place: HistoryPlace, limit: number): Promise<EventRow[]> {
  return db.all(sql<EventRow>('events.historyForwards')`
    SELECT e.event, event_id, standing, pos, depth, slot, position, ts, key, is_state, sender, state_before, state_after, edges,
      counts, origin, redacted_by, thread, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json
    FROM events e
    WHERE e.room = ${room} AND e.pos IS NOT NULL AND (e.depth, e.pos) > (${place.depth}, ${place.pos})
    ORDER BY e.depth, e.pos LIMIT ${limit}`)
}

/** The numbers of those of the event ids that the room has. An event is looked up with its room only. */
export async function numbersOf(db: Database, room: number, ids: readonly EventId[]): Promise<Map<EventId, number>> {
  if (ids.length === 0) return new Map()
  const wanted = new Map<string, EventId>(ids.map((id) => [id, id]))
  const rows = await db.all(sql<{ event: number; event_id: string }>('event_ids.numbersOf')`
    SELECT i.event, (SELECT e.event_id FROM events e WHERE e.room = i.room AND e.event = i.event) AS event_id FROM event_ids i
    WHERE i.room = ${room} AND i.hash ${new In(ids.map(hash48))}`)
  const found = new Map<EventId, number>()
  for (const row of rows) {
    const id = wanted.get(row.event_id)
    if (id !== undefined) found.set(id, row.event)
  }
  return found
}

/** Undecided events of a room: those that wait longest first. */
export function undecidedEvents(db: Database, room: number, limit: number): Promise<EventRow[]> {
  return db.all(sql<EventRow>('events.undecided')`
    SELECT e.event, event_id, standing, pos, depth, slot, position, ts, key, is_state, sender, state_before, state_after, edges,
      counts, origin, redacted_by, thread, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json
    FROM events e
    WHERE e.room = ${room} AND e.standing = 4 ORDER BY e.event LIMIT ${limit}`)
}

/** Rooms that have undecided events. */
export function roomsWithUndecided(db: Database, limit: number): Promise<{ room_id: string }[]> {
  return db.all(sql<{ room_id: string }>('events.undecidedRooms')`
    SELECT r.room_id FROM rooms r
    WHERE EXISTS (SELECT 1 FROM events e WHERE e.room = r.room AND e.standing = 4) ORDER BY r.room LIMIT ${limit}`)
}
