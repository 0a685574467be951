import type { RoomId } from '@causeway/events'
import type { Database } from '../database.ts'
import { hash48 } from '../hash48.ts'
import { sql } from '../sql.ts'
import { insert, insertNew, remove, update, upsert } from '../table-write.ts'

/** One row a room. */
export interface RoomRow {
  readonly room: number
  readonly room_id: string
  readonly version: string
  readonly published: number
  readonly quarantined: string | null
  /** 0: all of its state is here. 1: a part. 2: all, since the room's completion. */
  readonly state_partial: number
  readonly auth_disorder: number
  readonly checkpoint: Uint8Array
}

export const insertRoom = insert({
  name: 'rooms.insert',
  table: 'rooms',
  columns: { room: 'int', room_id: 'text', shard: 'int', version: 'text', published: 'int', checkpoint: 'bytes' },
})

export const writeCheckpoint = update({
  name: 'rooms.writeCheckpoint',
  table: 'rooms',
  key: ['room'],
  columns: { room: 'int', checkpoint: 'bytes' },
})

/** See `RoomView.authDisorder`. */
export const writeAuthDisorder = update({
  name: 'rooms.writeAuthDisorder',
  table: 'rooms',
  key: ['room'],
  columns: { room: 'int', auth_disorder: 'int' },
})

export const markStateReset = update({
  name: 'rooms.markStateReset',
  table: 'rooms',
  key: ['room'],
  columns: { room: 'int', state_reset: 'text' },
})

export const insertKey = insert({
  name: 'room_keys.insert',
  table: 'room_keys',
  columns: { room: 'int', key: 'int', type: 'bytes', state_key: 'bytes' },
})

export const insertStateNode = insert({
  name: 'room_state.insert',
  table: 'room_state',
  columns: { room: 'int', node: 'int', parent: 'int', links: 'int', entries: 'bytes' },
})

export const insertStateChange = insert({
  name: 'state_changes.insert',
  table: 'state_changes',
  columns: { room: 'int', pos: 'int', key: 'int', old: 'int', new: 'int' },
})

/** A change that was not, as it turned out when the whole of a room's state came. */
export const removeStateChange = remove({
  name: 'state_changes.remove',
  table: 'state_changes',
  columns: { room: 'int', pos: 'int', key: 'int' },
})

export const addMissingEvent = insertNew({
  name: 'missing_events.add',
  table: 'missing_events',
  key: ['room', 'event_id', 'child'],
  columns: { room: 'int', event_id: 'text', child: 'int' },
})

export const removeMissingEvent = remove({
  name: 'missing_events.remove',
  table: 'missing_events',
  columns: { room: 'int', event_id: 'text', child: 'int' },
})

export const upsertRoomServer = upsert({
  name: 'room_servers.upsert',
  table: 'room_servers',
  key: ['room', 'server'],
  columns: { room: 'int', server: 'text', joined: 'int', left_pos: 'int' },
})

/** The row of a room by its id. */
export function findRoom(db: Database, roomId: RoomId): Promise<RoomRow | undefined> {
  return db.first(sql<RoomRow>('rooms.byId')`
    SELECT room, room_id, version, published, quarantined, state_partial, auth_disorder, checkpoint FROM rooms WHERE room_id = ${roomId}`)
}

/** The row of a room by its number. */
export function roomByNumber(db: Database, room: number): Promise<RoomRow | undefined> {
  return db.first(sql<RoomRow>('rooms.byNumber')`
    SELECT room, room_id, version, published, quarantined, state_partial, auth_disorder, checkpoint FROM rooms WHERE room = ${room}`)
}

/** Rooms whose state a resolution took back to the past, by number after one. */
export function roomsWithReset(
  db: Database,
  after: number,
  limit: number,
): Promise<{ room: number; room_id: string; version: string; state_reset: string }[]> {
  return db.all(sql<{ room: number; room_id: string; version: string; state_reset: string }>('rooms.withReset')`
    SELECT room, room_id, version, state_reset FROM rooms WHERE state_reset IS NOT NULL AND room > ${after} ORDER BY room LIMIT ${limit}`)
}

/** Forget that it did. */
export function clearStateReset(roomId: RoomId) {
  return sql('rooms.clearStateReset')`UPDATE rooms SET state_reset = NULL WHERE room_id = ${roomId} AND state_reset IS NOT NULL`
}

/** The largest room number that a slot has given: room numbers are `32 · k + slot`. */
export async function largestRoomNumber(db: Database, slot: number): Promise<number> {
  const row = await db.first(sql<{ room: number | null }>('rooms.largest')`SELECT max(room) AS room FROM rooms WHERE room % 32 = ${slot}`)
  return row?.room ?? slot
}

/** A page of a room's interned pairs by rising number, after one. */
export function roomKeys(
  db: Database,
  room: number,
  after: number,
  limit: number,
): Promise<{ key: number; type: Uint8Array; state_key: Uint8Array | null }[]> {
  return db.all(sql<{ key: number; type: Uint8Array; state_key: Uint8Array | null }>('room_keys.page')`
    SELECT key, type, state_key FROM room_keys WHERE room = ${room} AND key > ${after} ORDER BY key LIMIT ${limit}`)
}

/** One link of a state chain. */
export interface StateNodeRow {
  readonly node: number
  readonly parent: number
  readonly links: number
  readonly entries: Uint8Array
}

/** A node of the room's state. */
export function stateNode(db: Database, room: number, node: number): Promise<StateNodeRow | undefined> {
  return db.first(
    sql<StateNodeRow>('room_state.node')`SELECT node, parent, links, entries FROM room_state WHERE room = ${room} AND node = ${node}`,
  )
}

/** The numbers up to which a room has given out events, state nodes, live and history positions. */
export async function roomCounters(db: Database, room: number): Promise<{ event: number; node: number; live: number; history: number }> {
  const row = await db.first(sql<{ event: number | null; node: number | null; live: number | null; history: number | null }>(
    'rooms.counters',
  )`
    SELECT (SELECT max(event) FROM events WHERE room = ${room}) AS event,
      (SELECT max(node) FROM room_state WHERE room = ${room}) AS node,
      (SELECT max(pos) FROM events WHERE room = ${room} AND pos IS NOT NULL) AS live,
      (SELECT min(pos) FROM events WHERE room = ${room} AND pos IS NOT NULL) AS history`)
  return { event: row?.event ?? 0, node: row?.node ?? 0, live: Math.max(0, row?.live ?? 0), history: Math.min(0, row?.history ?? 0) }
}

/** Servers with joined members, those that left, and those said to have members. Bound: the servers of one room. */
export function roomServers(db: Database, room: number): Promise<{ server: string; joined: number; listed: number }[]> {
  return db.all(sql<{ server: string; joined: number; listed: number }>('room_servers.ofRoom')`
    SELECT server, joined, listed FROM room_servers WHERE room = ${room}`)
}

/** Changes of the current state after a position up to another, oldest first. */
export function stateChanges(
  db: Database,
  room: number,
  after: number,
  upTo: number,
): Promise<{ pos: number; key: number; old: number; new: number }[]> {
  return db.all(sql<{ pos: number; key: number; old: number; new: number }>('state_changes.between')`
    SELECT pos, key, old, new FROM state_changes WHERE room = ${room} AND pos > ${after} AND pos <= ${upTo} ORDER BY pos, key`)
}

/** Events that are named as prev events and that we have not got, with the depth of their lowest child. */
export function missingEvents(db: Database, room: number): Promise<{ event_id: string; child: number; depth: number; failures: number }[]> {
  return db.all(sql<{ event_id: string; child: number; depth: number; failures: number }>('missing_events.ofRoom')`
    SELECT m.event_id, m.child, (SELECT e.depth FROM events e WHERE e.room = m.room AND e.event = m.child) AS depth, m.failures
    FROM missing_events m WHERE m.room = ${room} ORDER BY depth DESC LIMIT 100`)
}

/** Which events name which missing ones: the newest gaps of a room. */
export function missingWithChildren(db: Database, room: number, limit: number): Promise<{ event_id: string; child: number }[]> {
  return db.all(sql<{ event_id: string; child: number }>('missing_events.withChildren')`
    SELECT event_id, child FROM missing_events WHERE room = ${room} ORDER BY child DESC LIMIT ${limit}`)
}

/** The events that name a missing one. Bound: 500. */
export async function childrenOfMissing(db: Database, room: number, eventId: string): Promise<number[]> {
  const rows = await db.all(sql<{ child: number }>('missing_events.children')`
    SELECT child FROM missing_events WHERE room = ${room} AND event_id = ${eventId} ORDER BY child LIMIT 500`)
  return rows.map(({ child }) => child)
}

/** A redaction came before its target. Bound: as many as redactions; at most 1,000 a room are looked at. */
export const addPendingRedaction = insertNew({
  name: 'pending_redactions.add',
  table: 'pending_redactions',
  key: ['room', 'target', 'redaction'],
  columns: { room: 'int', target: 'text', redaction: 'int' },
})

/** The redactions of a room that wait for their target. */
export function pendingRedactions(db: Database, room: number, limit: number): Promise<{ target: string; redaction: number }[]> {
  return db.all(sql<{ target: string; redaction: number }>('pending_redactions.ofRoom')`
    SELECT target, redaction FROM pending_redactions WHERE room = ${room} ORDER BY redaction DESC LIMIT ${limit}`)
}

/** The redactions that wait for one target, oldest first. Bound: 100. */
export async function redactionsOf(db: Database, room: number, target: string): Promise<number[]> {
  const rows = await db.all(sql<{ redaction: number }>('pending_redactions.ofTarget')`
    SELECT redaction FROM pending_redactions WHERE room = ${room} AND target = ${target} ORDER BY redaction LIMIT 100`)
  return rows.map(({ redaction }) => redaction)
}

/** Rooms in the public directory, those with most members first. */
export function publishedRooms(db: Database, limit: number): Promise<{ room: number; room_id: string; joined: number }[]> {
  return db.all(sql<{ room: number; room_id: string; joined: number }>('rooms.published')`
    SELECT r.room, r.room_id, coalesce(sum(s.joined), 0) AS joined FROM rooms r LEFT JOIN room_servers s ON s.room = r.room
    WHERE r.published = 1 GROUP BY r.room, r.room_id ORDER BY joined DESC, r.room LIMIT ${limit}`)
}

/** A room of which nothing is held but a name is of another version than was said. */
export function setRoomVersion(room: number, version: string) {
  return sql('rooms.setVersion')`UPDATE rooms SET version = ${version} WHERE room = ${room}`
}

/** List a room in the public directory, or not. */
export function setPublished(room: number, published: boolean) {
  return sql('rooms.setPublished')`UPDATE rooms SET published = ${published ? 1 : 0} WHERE room = ${room}`
}

/** Has this server joined members in the room, as far as we know? */
export async function isInRoom(db: Database, room: number, server: string): Promise<boolean> {
  const row = await db.first(
    sql<{ joined: number }>('room_servers.joined')`SELECT joined FROM room_servers
      WHERE room = ${room} AND server = ${server} AND joined > 0`,
  )
  return row !== undefined
}

/** Has this server, or had it, joined members in the room? */
export async function wasInRoom(db: Database, room: number, server: string): Promise<boolean> {
  const row = await db.first(
    sql<{ joined: number }>('room_servers.one')`SELECT joined FROM room_servers WHERE room = ${room} AND server = ${server}`,
  )
  return row !== undefined
}

/**
 * The room that holds an event of this id, among the rooms that `server` shares with us: an event is never looked up
 * without a room. Costs a seek per shared room.
 */
export async function sharedRoomOfEvent(db: Database, server: string, eventId: string): Promise<string | undefined> {
  const row = await db.first(sql<{ room_id: string }>('events.sharedRoom')`
    SELECT r.room_id FROM room_servers s JOIN rooms r ON r.room = s.room
    WHERE s.server = ${server} AND (SELECT count(*) FROM event_ids i WHERE i.room = s.room AND i.hash = ${hash48(eventId)}
      AND (SELECT e.event_id FROM events e WHERE e.room = i.room AND e.event = i.event) = ${eventId}) > 0
    LIMIT 1`)
  return row?.room_id
}
