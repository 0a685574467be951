import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'

/** How far somebody has read. `thread` is '' for an unthreaded receipt. */
export interface ReceiptRow {
  readonly room: number
  readonly user_id: string
  readonly type: string
  readonly thread: string
  readonly event_id: string
  /** The event's position in the room's timeline; 0 when this server has not got the event. */
  readonly event_pos: number
  readonly ts: number
  readonly slot: number
  readonly position: number
}

/**
 * Move a receipt forward: a step with `expect: 1`, refused when the receipt is there already or further on. A receipt for
 * an event that we have not got takes the place of any other, since it cannot be compared.
 * Bound of the table: one row per (room, user, type, thread), purged with its room.
 */
export function advanceReceipt(receipt: ReceiptRow): Query<unknown> {
  return sql('receipts.advance')`
    INSERT INTO receipts (room, user_id, type, thread, event_id, event_pos, ts, slot, position)
    VALUES (${receipt.room}, ${receipt.user_id}, ${receipt.type}, ${receipt.thread}, ${receipt.event_id}, ${receipt.event_pos},
      ${receipt.ts}, ${receipt.slot}, ${receipt.position})
    ON CONFLICT (room, user_id, type, thread) DO UPDATE SET event_id = excluded.event_id, event_pos = excluded.event_pos,
      ts = excluded.ts, slot = excluded.slot, position = excluded.position
    WHERE (excluded.event_pos = 0 AND excluded.event_id <> receipts.event_id) OR excluded.event_pos > receipts.event_pos`
}

/** The newest receipts of a room, newest first. */
export function receiptsOf(db: Database, room: number, limit: number): Promise<ReceiptRow[]> {
  return db.all(sql<ReceiptRow>('receipts.ofRoom')`
    SELECT room, user_id, type, thread, event_id, event_pos, ts, slot, position FROM receipts
    WHERE room = ${room} ORDER BY position DESC LIMIT ${limit}`)
}

/** One user's receipts in a room. Bound: one a type and thread; the newest 1,000. */
export function receiptsOfUser(db: Database, room: number, userId: string): Promise<ReceiptRow[]> {
  return db.all(sql<ReceiptRow>('receipts.ofUser')`
    SELECT room, user_id, type, thread, event_id, event_pos, ts, slot, position FROM receipts
    WHERE room = ${room} AND user_id = ${userId} ORDER BY position DESC LIMIT 1000`)
}

/** How many receipts a user has in a room, as far as `limit`. */
export async function countReceipts(db: Database, room: number, userId: string, limit: number): Promise<number> {
  const row = await db.first(sql<{ count: number }>('receipts.countOfUser')`
    SELECT count(*) AS count FROM (SELECT 1 AS one FROM receipts WHERE room = ${room} AND user_id = ${userId} LIMIT ${limit}) found`)
  return row?.count ?? 0
}

/** Receipts that a slot committed after one position up to another, with the rooms' ids. */
export function receiptsOfSlot(
  db: Database,
  slot: number,
  after: number,
  upTo: number,
  limit: number,
): Promise<(ReceiptRow & { readonly room_id: string })[]> {
  return db.all(sql<ReceiptRow & { readonly room_id: string }>('receipts.ofSlot')`
    SELECT p.room, p.user_id, p.type, p.thread, p.event_id, p.event_pos, p.ts, p.slot, p.position, r.room_id
    FROM receipts p JOIN rooms r ON r.room = p.room
    WHERE p.slot = ${slot} AND p.position > ${after} AND p.position <= ${upTo} ORDER BY p.position LIMIT ${limit}`)
}
