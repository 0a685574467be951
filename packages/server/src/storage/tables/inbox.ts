import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import { insert, insertNew, remove } from '../table-write.ts'

/** A received event that waits for its room's worker. Bound: `inboxRoomMax` a room. */
export const insertInbox = insertNew({
  name: 'inbox.insert',
  table: 'inbox',
  key: ['room', 'seq'],
  columns: { room: 'int', seq: 'int', event_id: 'text', origin: 'text', json: 'bytes', received_at: 'int' },
})

export const removeInbox = remove({
  name: 'inbox.remove',
  table: 'inbox',
  columns: { room: 'int', seq: 'int' },
})

/** The answer to a peer's transaction. Bound: purged after a day. */
export const insertInboundTransaction = insert({
  name: 'inbound_transactions.insert',
  table: 'inbound_transactions',
  columns: { origin: 'text', txn_id: 'text', answer: 'text', at: 'int' },
})

/** A waiting event. */
export interface InboxRow {
  readonly room: number
  readonly seq: number
  readonly event_id: string
  readonly origin: string
  readonly json: Uint8Array
}

/** Rooms that have waiting events: read once at start. */
export function roomsWithInbox(db: Database): Promise<{ room: number; room_id: string }[]> {
  return db.all(sql<{ room: number; room_id: string }>('inbox.rooms')`
    SELECT DISTINCT i.room, r.room_id FROM inbox i JOIN rooms r ON r.room = i.room`)
}

/** The waiting events of a room, oldest first. */
export function inboxOf(db: Database, room: number, limit: number): Promise<InboxRow[]> {
  return db.all(sql<InboxRow>('inbox.ofRoom')`
    SELECT room, seq, event_id, origin, json FROM inbox WHERE room = ${room} ORDER BY seq LIMIT ${limit}`)
}

/** The answer that a peer's transaction has got. */
export function inboundAnswer(db: Database, origin: string, txnId: string): Promise<{ answer: string } | undefined> {
  return db.first(sql<{ answer: string }>('inbound_transactions.answer')`
    SELECT answer FROM inbound_transactions WHERE origin = ${origin} AND txn_id = ${txnId}`)
}

/** The highest number given to a waiting event of any room. */
export async function lastInboxSeq(db: Database): Promise<number> {
  return (await db.first(sql<{ seq: number | null }>('inbox.last')`SELECT max(seq) AS seq FROM inbox`))?.seq ?? 0
}

/** Answers to peers' transactions that are too old to be asked for again. */
export function purgeInboundTransactions(before: number) {
  return sql('inbound_transactions.purge')`DELETE FROM inbound_transactions WHERE at < ${before}`
}
