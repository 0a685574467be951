import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { remove, upsert } from '../table-write.ts'

/** A server that failed lately. Times are milliseconds since 1970. */
export interface DestinationRow {
  readonly server: string
  readonly kind: string
  readonly failures: number
  readonly failing_since: number
  readonly tried_at: number
  readonly retry_at: number
}

/** Bound: one row a server that has something to get and fails. */
export const upsertDestination = upsert({
  name: 'destinations.upsert',
  table: 'destinations',
  key: ['server'],
  columns: { server: 'text', kind: 'text', failures: 'int', failing_since: 'int', tried_at: 'int', retry_at: 'int' },
})

export const removeDestination = remove({ name: 'destinations.remove', table: 'destinations', columns: { server: 'text' } })

/** All servers that failed lately. Bound: read once, at start. */
export function allDestinations(db: Database): Promise<DestinationRow[]> {
  return db.all(sql<DestinationRow>('destinations.all')`
    SELECT server, kind, failures, failing_since, tried_at, retry_at FROM destinations`)
}

/** Up to where a slot's events are accounted for. Bound: 32 rows. */
export const upsertSenderPosition = upsert({
  name: 'sender_positions.upsert',
  table: 'sender_positions',
  key: ['slot'],
  columns: { slot: 'int', position: 'int' },
})

/** Up to where a slot's events are accounted for; absent for a slot that never sent. */
export async function senderPosition(db: Database, slot: number): Promise<number | undefined> {
  const row = await db.first(sql<{ position: number }>('sender_positions.one')`SELECT position FROM sender_positions WHERE slot = ${slot}`)
  return row?.position
}

/** Slots with a sender whose process has been away since before `time` (milliseconds since 1970, by the database's clock). */
export function abandonedSenders(db: Database, slot: number, time: number): Promise<{ slot: number }[]> {
  return db.all(sql<{ slot: number }>('sender_positions.abandoned')`
    SELECT p.slot FROM sender_positions p JOIN slots s ON s.slot = p.slot WHERE p.slot <> ${slot} AND s.expires_at < ${time}`)
}

/** Take over an abandoned slot's sending: steps of one unit, the first of which lets only one process do it. */
export function adoptSender(from: number, to: number): { readonly query: Query<unknown>; readonly expect?: number }[] {
  return [
    {
      query: sql<{ position: number }>('sender_positions.take')`DELETE FROM sender_positions WHERE slot = ${from} RETURNING position`,
      expect: 1,
    },
    { query: sql('missed_rooms.adopt')`UPDATE missed_rooms SET slot = ${to} WHERE slot = ${from}` },
    { query: sql('outbound_transactions.adopt')`UPDATE outbound_transactions SET slot = ${to} WHERE slot = ${from}` },
    { query: sql('outbound_edus.adopt')`UPDATE outbound_edus SET slot = ${to} WHERE slot = ${from}` },
  ]
}
