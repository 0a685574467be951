import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import { insert } from '../table-write.ts'

/** Bound: purged a day after they were given. */
export const insertClientTransaction = insert({
  name: 'client_transactions.insert',
  table: 'client_transactions',
  columns: { session: 'int', hash: 'int', operation: 'text', answer: 'text', at: 'int' },
})

/** Answers that a session has got, at most `limit`. */
export function transactionsOf(
  db: Database,
  session: number,
  limit: number,
): Promise<{ hash: number; operation: string; answer: string }[]> {
  return db.all(sql<{ hash: number; operation: string; answer: string }>('client_transactions.ofSession')`
    SELECT hash, operation, answer FROM client_transactions WHERE session = ${session} LIMIT ${limit}`)
}

/** The answer of one key. */
export function findTransaction(db: Database, session: number, hash: number, operation: string): Promise<{ answer: string } | undefined> {
  return db.first(sql<{ answer: string }>('client_transactions.one')`
    SELECT answer FROM client_transactions WHERE session = ${session} AND hash = ${hash} AND operation = ${operation}`)
}

/** The last of the next `count` sessions after `session`, whether they still exist or not. */
export async function lastOfNextSessions(db: Database, session: number, count: number): Promise<number | undefined> {
  const row = await db.first(sql<{ last: number | null }>('sessions.page')`
    SELECT max(session) AS last FROM (SELECT session FROM sessions WHERE session > ${session} ORDER BY session LIMIT ${count}) AS page`)
  return row?.last ?? undefined
}

/** Answers of a stretch of sessions that are too old to be asked for again. */
export function purgeTransactions(after: number, upTo: number, before: number) {
  return sql('client_transactions.purge')`
    DELETE FROM client_transactions WHERE session > ${after} AND session <= ${upTo} AND at < ${before}`
}
