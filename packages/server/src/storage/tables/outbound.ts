import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { insert, insertNew, remove, upsert } from '../table-write.ts'

/** What a server has missed of a room. Positions are the room's live ones. */
export interface MissedRoomRow {
  readonly server: string
  readonly room: number
  readonly first_pos: number
  readonly writer: number
  readonly from_pos: number
  readonly upto_pos: number | null
}

/** Bound: the rooms of servers that fail. */
export const upsertMissedRoom = upsert({
  name: 'missed_rooms.upsert',
  table: 'missed_rooms',
  key: ['server', 'slot', 'room', 'first_pos'],
  columns: { server: 'text', slot: 'int', room: 'int', first_pos: 'int', writer: 'int', from_pos: 'int', upto_pos: 'int' },
})

export const removeMissedRoom = remove({
  name: 'missed_rooms.remove',
  table: 'missed_rooms',
  columns: { server: 'text', slot: 'int', room: 'int', first_pos: 'int' },
})

/** What this slot's servers have missed, after (server, room, first position), in that order, at most `limit`. */
export function missedRooms(
  db: Database,
  slot: number,
  after: Pick<MissedRoomRow, 'server' | 'room' | 'first_pos'>,
  limit: number,
): Promise<MissedRoomRow[]> {
  return db.all(sql<MissedRoomRow>('missed_rooms.page')`
    SELECT server, room, first_pos, writer, from_pos, upto_pos FROM missed_rooms
    WHERE slot = ${slot} AND (server, room, first_pos) > (${after.server}, ${after.room}, ${after.first_pos})
    ORDER BY server, room, first_pos LIMIT ${limit}`)
}

/** Bound: one or two rows a server that fails. */
export const insertTransaction = insertNew({
  name: 'outbound_transactions.insert',
  table: 'outbound_transactions',
  key: ['server', 'txn_id'],
  columns: { server: 'text', txn_id: 'text', slot: 'int', body: 'bytes' },
})

export const removeTransaction = remove({
  name: 'outbound_transactions.remove',
  table: 'outbound_transactions',
  columns: { server: 'text', txn_id: 'text' },
})

/** The ids of the transactions that a slot has to repeat. Bound: read once, at start. */
export function transactionIds(db: Database, slot: number): Promise<{ server: string; txn_id: string }[]> {
  return db.all(sql<{ server: string; txn_id: string }>('outbound_transactions.ids')`
    SELECT server, txn_id FROM outbound_transactions WHERE slot = ${slot} ORDER BY server, txn_id`)
}

/** The content of a transaction that has to be repeated. */
export function transactionBody(db: Database, server: string, txnId: string): Promise<{ body: Uint8Array } | undefined> {
  return db.first(sql<{ body: Uint8Array }>('outbound_transactions.body')`
    SELECT body FROM outbound_transactions WHERE server = ${server} AND txn_id = ${txnId}`)
}

/** An EDU that must arrive, with its place in the order of its server. */
export interface StoredEduRow {
  readonly position: number
  readonly seq: number
  /** The whole EDU as canonical JSON. */
  readonly json: string
}

/** Bound: pruned by `pruneEdus`. */
export const insertEdu = insert({
  name: 'outbound_edus.insert',
  table: 'outbound_edus',
  columns: { server: 'text', slot: 'int', position: 'int', seq: 'int', coalesce_key: 'text', json: 'text' },
})

export const removeEdu = remove({
  name: 'outbound_edus.remove',
  table: 'outbound_edus',
  columns: { server: 'text', slot: 'int', position: 'int', seq: 'int' },
})

/** Earlier EDUs of the same key go when a newer one comes. */
export const removeOlderEdu = remove({
  name: 'outbound_edus.removeOlder',
  table: 'outbound_edus',
  columns: { server: 'text', slot: 'int', coalesce_key: 'text' },
})

/** A server's EDUs after a place, in order. */
export function storedEdus(
  db: Database,
  server: string,
  slot: number,
  after: { readonly position: number; readonly seq: number },
  limit: number,
): Promise<StoredEduRow[]> {
  return db.all(sql<StoredEduRow>('outbound_edus.next')`
    SELECT position, seq, json FROM outbound_edus
    WHERE server = ${server} AND slot = ${slot} AND (position, seq) > (${after.position}, ${after.seq})
    ORDER BY position, seq LIMIT ${limit}`)
}

/** The next server by name for which EDUs wait: to go through them without reading them all. */
export async function nextEduServer(db: Database, slot: number, after: string): Promise<string | undefined> {
  const row = await db.first(sql<{ server: string }>('outbound_edus.nextServer')`
    SELECT server FROM outbound_edus WHERE server > ${after} AND slot = ${slot} ORDER BY server LIMIT 1`)
  return row?.server
}

/** Let go of the oldest EDUs of a server beyond `kept`; those with a key stay: nothing else says what they say. */
export function pruneEdus(server: string, slot: number, kept: number): Query<unknown> {
  return sql('outbound_edus.prune')`
    DELETE FROM outbound_edus WHERE server = ${server} AND slot = ${slot} AND coalesce_key = '' AND position <
      (SELECT position FROM outbound_edus WHERE server = ${server} AND slot = ${slot} AND coalesce_key = ''
       ORDER BY position DESC, seq DESC LIMIT 1 OFFSET ${kept})`
}

/** Let go of the oldest EDUs of a server once newer ones have this many bytes; those with a key stay. */
export function pruneHeavyEdus(server: string, slot: number, bytes: number): Query<unknown> {
  return sql('outbound_edus.pruneHeavy')`
    DELETE FROM outbound_edus WHERE server = ${server} AND slot = ${slot} AND coalesce_key = '' AND position <
      (SELECT max(position) FROM (
        SELECT position, sum(octet_length(json)) OVER (ORDER BY position DESC, seq DESC) AS bytes
        FROM outbound_edus WHERE server = ${server} AND slot = ${slot} AND coalesce_key = '') heavy WHERE heavy.bytes > ${bytes})`
}

/**
 * Let go of the oldest EDUs for servers that share no room with us, once newer ones have this many bytes in all; anybody can name
 * servers that do not exist. A row counts for 200 bytes beside its EDU.
 */
export function pruneEdusOfStrangers(slot: number, bytes: number): Query<unknown> {
  return sql('outbound_edus.pruneOfStrangers')`
    DELETE FROM outbound_edus WHERE slot = ${slot} AND (server, position, seq) IN (
      SELECT server, position, seq FROM (
        SELECT e.server, e.position, e.seq, sum(octet_length(e.json) + 200) OVER (ORDER BY e.position DESC, e.seq DESC, e.server) AS bytes
        FROM outbound_edus e WHERE e.slot = ${slot} AND e.coalesce_key = ''
          AND NOT EXISTS (SELECT 1 FROM room_servers r WHERE r.server = e.server AND (r.joined > 0 OR r.listed = 1))) heavy
      WHERE heavy.bytes > ${bytes})`
}

/** The same for what is to be repeated to them. The ids of transactions begin with their time. */
export function pruneTransactionsOfStrangers(slot: number, bytes: number): Query<unknown> {
  return sql('outbound_transactions.pruneOfStrangers')`
    DELETE FROM outbound_transactions WHERE slot = ${slot} AND (server, txn_id) IN (
      SELECT server, txn_id FROM (
        SELECT t.server, t.txn_id, sum(octet_length(t.body) + 200) OVER (ORDER BY t.txn_id DESC, t.server) AS bytes
        FROM outbound_transactions t WHERE t.slot = ${slot}
          AND NOT EXISTS (SELECT 1 FROM room_servers r WHERE r.server = t.server AND (r.joined > 0 OR r.listed = 1))) heavy
      WHERE heavy.bytes > ${bytes})`
}

/** Let go of the oldest EDUs for any server, once newer ones have this many bytes in all; those with a key stay. */
export function pruneAllEdus(slot: number, bytes: number): Query<unknown> {
  return sql('outbound_edus.pruneAll')`
    DELETE FROM outbound_edus WHERE slot = ${slot} AND (server, position, seq) IN (
      SELECT server, position, seq FROM (
        SELECT server, position, seq, sum(octet_length(json) + 200) OVER (ORDER BY position DESC, seq DESC, server) AS bytes
        FROM outbound_edus WHERE slot = ${slot} AND coalesce_key = '') heavy
      WHERE heavy.bytes > ${bytes})`
}

/** An event that is passed on. */
export interface PassedOnRow {
  readonly pos: number
  readonly json: Uint8Array
}

/** How many events of a room a slot passed on between two live positions; counting ends at `limit`. */
export async function countPassedOn(
  db: Database,
  room: number,
  writer: number,
  from: number,
  upTo: number,
  limit: number,
): Promise<number> {
  const row = await db.first(sql<{ n: number }>('events.countPassedOn')`
    SELECT count(*) AS n FROM
      (SELECT 1 FROM events WHERE room = ${room} AND federate = 1 AND pos >= ${from} AND pos <= ${upTo} AND slot = ${writer} LIMIT ${limit}) AS counted`)
  return row?.n ?? 0
}

/** Events of a room that a slot passed on between two live positions, oldest first. */
export function passedOn(db: Database, room: number, writer: number, from: number, upTo: number, limit: number): Promise<PassedOnRow[]> {
  return db.all(sql<PassedOnRow>('events.passedOn')`
    SELECT e.pos, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json FROM events e
    WHERE e.room = ${room} AND e.federate = 1 AND e.pos >= ${from} AND e.pos <= ${upTo} AND e.slot = ${writer}
    ORDER BY e.pos LIMIT ${limit}`)
}

/** The newest of them. */
export function newestPassedOn(db: Database, room: number, writer: number, from: number, upTo: number): Promise<PassedOnRow | undefined> {
  return db.first(sql<PassedOnRow>('events.newestPassedOn')`
    SELECT e.pos, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json FROM events e
    WHERE e.room = ${room} AND e.federate = 1 AND e.pos >= ${from} AND e.pos <= ${upTo} AND e.slot = ${writer}
    ORDER BY e.pos DESC LIMIT 1`)
}

/** Which of some events of a room are passed on. Bound: the room's tips. */
export function passedOnAmong(db: Database, room: number, events: readonly number[]): Promise<{ event: number }[]> {
  return db.all(sql<{ event: number }>('events.passedOnAmong')`
    SELECT event FROM events WHERE room = ${room} AND event ${new In(events)} AND federate = 1`)
}

/** A place in a slot's log of passed-on events. */
export interface LogPlace {
  readonly position: number
  readonly room: number
  readonly event: number
}

/** Events that a slot passed on after a place in its log, in order. */
export function passedOnAfter(
  db: Database,
  slot: number,
  after: LogPlace,
  limit: number,
): Promise<(LogPlace & PassedOnRow & { readonly is_state: number })[]> {
  return db.all(sql<LogPlace & PassedOnRow & { readonly is_state: number }>('events.passedOnAfter')`
    SELECT e.position, e.room, e.event, e.pos, e.is_state, (SELECT b.json FROM event_bodies b WHERE b.room = e.room AND b.event = e.event) AS json
    FROM events e
    WHERE e.slot = ${slot} AND e.federate = 1 AND e.pos IS NOT NULL AND (e.position, e.room, e.event) > (${after.position}, ${after.room}, ${after.event})
    ORDER BY e.position, e.room, e.event LIMIT ${limit}`)
}

/** The servers in a room, and those that left it after a live position. Bound: the servers of one room. */
export function serversSince(db: Database, room: number, pos: number): Promise<{ server: string; left_pos: number | null }[]> {
  return db.all(sql<{ server: string; left_pos: number | null }>('room_servers.since')`
    SELECT server, left_pos FROM room_servers WHERE room = ${room} AND (joined > 0 OR listed = 1 OR left_pos >= ${pos})`)
}
