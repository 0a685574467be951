import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import type { HistoryPlace } from './events.ts'

/** Where an event stands, without its body. */
export interface HistoryRow {
  readonly event: number
  readonly depth: number
  readonly pos: number
}

/** Events in history order before `place`, newest first, without their bodies. */
export function historyNumbersBackwards(db: Database, room: number, place: HistoryPlace, limit: number): Promise<HistoryRow[]> {
  return db.all(sql<HistoryRow>('events.historyNumbersBackwards')`
    SELECT event, depth, pos FROM events
    WHERE room = ${room} AND pos IS NOT NULL AND (depth, pos) < (${place.depth}, ${place.pos})
    ORDER BY depth DESC, pos DESC LIMIT ${limit}`)
}

/** Events in history order after `place`, oldest first, without their bodies. */
export function historyNumbersForwards(db: Database, room: number, place: HistoryPlace, limit: number): Promise<HistoryRow[]> {
  return db.all(sql<HistoryRow>('events.historyNumbersForwards')`
    SELECT event, depth, pos FROM events
    WHERE room = ${room} AND pos IS NOT NULL AND (depth, pos) > (${place.depth}, ${place.pos})
    ORDER BY depth, pos LIMIT ${limit}`)
}

/** Where an event stands in the order of the times that events bear. */
export interface TimeRow extends HistoryRow {
  readonly ts: number
}

/** Events by their own times from a place on, that one left out; of the same time by their place in history. */
export function eventsByTimeForwards(db: Database, room: number, from: Omit<TimeRow, 'event'>, limit: number): Promise<TimeRow[]> {
  return db.all(sql<TimeRow>('events.byTimeForwards')`
    SELECT event, ts, depth, pos FROM events
    WHERE room = ${room} AND pos IS NOT NULL AND (ts, depth, pos) > (${from.ts}, ${from.depth}, ${from.pos})
    ORDER BY ts, depth, pos LIMIT ${limit}`)
}

/** The same backwards. */
export function eventsByTimeBackwards(db: Database, room: number, from: Omit<TimeRow, 'event'>, limit: number): Promise<TimeRow[]> {
  return db.all(sql<TimeRow>('events.byTimeBackwards')`
    SELECT event, ts, depth, pos FROM events
    WHERE room = ${room} AND pos IS NOT NULL AND (ts, depth, pos) < (${from.ts}, ${from.depth}, ${from.pos})
    ORDER BY ts DESC, depth DESC, pos DESC LIMIT ${limit}`)
}

/** Where the live event at a position was written, or, if it was taken out of the timeline, the one before it. */
export function writtenAt(db: Database, room: number, pos: number): Promise<{ slot: number; position: number } | undefined> {
  return db.first(sql<{ slot: number; position: number }>('events.writtenAt')`
    SELECT slot, position FROM events WHERE room = ${room} AND pos <= ${pos} AND pos > 0 ORDER BY pos DESC LIMIT 1`)
}

/** The number and notification totals of the live event at a position. */
export function countsAt(db: Database, room: number, pos: number): Promise<{ counts: Uint8Array | null } | undefined> {
  return db.first(sql<{ counts: Uint8Array | null }>('events.countsAt')`
    SELECT counts FROM events WHERE room = ${room} AND pos > 0 AND pos <= ${pos} ORDER BY pos DESC LIMIT 1`)
}

/** The newest live event of a sender in the main timeline after one position up to another; the caller bounds the range. */
export async function newestOfSender(db: Database, room: number, sender: number, after: number, upTo: number): Promise<number | undefined> {
  const row = await db.first(sql<{ pos: number | null }>('events.newestOfSender')`
    SELECT max(pos) AS pos FROM events WHERE room = ${room} AND pos > ${after} AND pos <= ${upTo} AND sender = ${sender} AND key <> ${sender} AND thread IS NULL`)
  return row?.pos ?? undefined
}

/** The newest live event of each of a user's rooms that they are joined to. Bound: the user's rooms. */
export function newestOfRooms(db: Database, userId: string): Promise<{ room: number; slot: number; position: number }[]> {
  return db.all(sql<{ room: number; slot: number; position: number }>('events.newestOfRooms')`
    SELECT e.room, e.slot, e.position FROM memberships m
    JOIN events e ON e.room = m.room AND e.pos = (SELECT max(pos) FROM events WHERE room = m.room AND pos IS NOT NULL)
    WHERE m.user_id = ${userId} AND m.membership = 'join'`)
}

/** When the state of a user's rooms that they are joined to became complete, where it once was not. Bound: the user's rooms. */
export function completionsOfRooms(db: Database, userId: string): Promise<{ room: number; slot: number; position: number }[]> {
  return db.all(sql<{ room: number; slot: number; position: number }>('room_completions.ofUser')`
    SELECT c.room, c.slot, c.position FROM memberships m JOIN room_completions c ON c.room = m.room
    WHERE m.user_id = ${userId} AND m.membership = 'join'`)
}

/** The newest receipt of each of a user's rooms that they are joined to, by slot. Bound: the user's rooms times the slots. */
export function newestReceiptsOfRooms(db: Database, userId: string): Promise<{ room: number; slot: number; position: number }[]> {
  return db.all(sql<{ room: number; slot: number; position: number }>('receipts.newestOfRooms')`
    SELECT r.room, r.slot, max(r.position) AS position FROM memberships m JOIN receipts r ON r.room = m.room
    WHERE m.user_id = ${userId} AND m.membership = 'join' GROUP BY r.room, r.slot`)
}

/** A live event in a thread. */
export interface ThreadEventRow {
  readonly pos: number
  readonly thread: string
  readonly sender: number
  readonly counts: Uint8Array | null
  /** Those of the event right before it. */
  readonly before: Uint8Array | null
}

/** The newest live events in threads after one position up to another, newest first. */
export function threadEvents(db: Database, room: number, after: number, upTo: number, limit: number): Promise<ThreadEventRow[]> {
  return db.all(sql<ThreadEventRow>('events.inThreads')`
    SELECT e.pos, e.thread, e.sender, e.counts, b.counts AS before FROM events e
    LEFT JOIN events b ON b.room = e.room
      AND b.pos = (SELECT max(p.pos) FROM events p WHERE p.room = e.room AND p.pos > 0 AND p.pos < e.pos)
    WHERE e.room = ${room} AND e.thread IS NOT NULL AND e.pos > ${after} AND e.pos <= ${upTo} ORDER BY e.pos DESC LIMIT ${limit}`)
}

/** The last place in history of the events below a live position, if one of them is among the `limit` last ones. */
export function highestPlaceBelow(db: Database, room: number, below: number, limit: number): Promise<HistoryPlace | undefined> {
  return db.first(sql<HistoryPlace>('history.highestBelow')`
    SELECT depth, pos FROM
      (SELECT depth, pos FROM events WHERE room = ${room} AND pos IS NOT NULL ORDER BY depth DESC, pos DESC LIMIT ${limit}) AS newest
    WHERE pos < ${below} ORDER BY depth DESC, pos DESC LIMIT 1`)
}

/** The last place of a room's history, after all of its events. */
export function highestPlace(db: Database, room: number): Promise<HistoryPlace | undefined> {
  return db.first(sql<HistoryPlace>('history.highest')`
    SELECT depth, pos FROM events WHERE room = ${room} AND pos IS NOT NULL ORDER BY depth DESC, pos DESC LIMIT 1`)
}
