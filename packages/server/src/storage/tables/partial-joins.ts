import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import { insert, update, upsert } from '../table-write.ts'

/** A join of which only a part of the state is here. Bound: as many as joins of a room until its state is complete. */
export const insertPartialJoin = insert({
  name: 'partial_joins.insert',
  table: 'partial_joins',
  columns: { room: 'int', event: 'int', through: 'text', servers: 'text', positions: 'text' },
})

/** Whether a room's state is here as a whole: see `RoomRow.state_partial`. */
export const writeStatePartial = update({
  name: 'rooms.writeStatePartial',
  table: 'rooms',
  key: ['room'],
  columns: { room: 'int', state_partial: 'int' },
})

/** A server is said to be in the room. */
export const listRoomServer = upsert({
  name: 'room_servers.list',
  table: 'room_servers',
  key: ['room', 'server'],
  columns: { room: 'int', server: 'text', joined: 'int', listed: 'int' },
})

/** A room's state is complete. Bound: one row a room. */
export const upsertCompletion = upsert({
  name: 'room_completions.upsert',
  table: 'room_completions',
  key: ['room'],
  columns: { room: 'int', slot: 'int', position: 'int', corrected: 'int' },
})

export interface PartialJoinRow {
  readonly event: number
  readonly through: string
  readonly servers: string
  readonly positions: string
}

/** The partial joins of a room, oldest first. */
export function partialJoins(db: Database, room: number): Promise<PartialJoinRow[]> {
  return db.all(sql<PartialJoinRow>('partial_joins.ofRoom')`
    SELECT event, through, servers, positions FROM partial_joins WHERE room = ${room} ORDER BY event`)
}

/** The rooms whose state is not complete. Bound: joins that are under way. */
export function partialRooms(db: Database): Promise<{ room: number; room_id: string }[]> {
  return db.all(sql<{ room: number; room_id: string }>('partial_joins.rooms')`
    SELECT DISTINCT p.room, r.room_id FROM partial_joins p JOIN rooms r ON r.room = p.room`)
}

/** When a room's state became complete, if it once was not. */
export function completionOf(db: Database, room: number): Promise<{ slot: number; position: number; corrected: number } | undefined> {
  return db.first(sql<{ slot: number; position: number; corrected: number }>('room_completions.one')`
    SELECT slot, position, corrected FROM room_completions WHERE room = ${room}`)
}

/** The numbers of events that were judged by a part of the state, in the order of their coming. Page by page: `after` is a number. */
export function provisionalEvents(db: Database, room: number, after: number, limit: number): Promise<{ event: number }[]> {
  return db.all(sql<{ event: number }>('events.provisional')`
    SELECT event FROM events WHERE room = ${room} AND provisional = 1 AND event > ${after} ORDER BY event LIMIT ${limit}`)
}

/** All of the room's state is here: no server is in it by another's word alone. */
export function unlistServers(room: number) {
  return sql('room_servers.unlist')`UPDATE room_servers SET listed = 0 WHERE room = ${room} AND listed = 1`
}

/** No join of the room is partial any more. */
export function removePartialJoins(room: number) {
  return sql('partial_joins.remove')`DELETE FROM partial_joins WHERE room = ${room}`
}

/** What was judged by a part of the state stays as it was judged. */
export function settleProvisional(room: number) {
  return sql('events.settleProvisional')`UPDATE events SET provisional = 0 WHERE room = ${room} AND provisional = 1`
}

/** An event that was judged by a part of the state is judged by all of it. */
export const correctEvent = update({
  name: 'events.correct',
  table: 'events',
  key: ['room', 'event'],
  columns: {
    room: 'int',
    event: 'int',
    standing: 'int',
    provisional: 'int',
    pos: 'int',
    slot: 'int',
    position: 'int',
    state_before: 'int',
    state_after: 'int',
    edges: 'bytes',
    counts: 'bytes',
  },
})
