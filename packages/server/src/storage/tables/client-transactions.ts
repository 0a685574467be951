import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import { insert } from '../table-write.ts'

/** Bound: purged after a day, and at most `clientTransactionsPerSession` are looked at. */
export const insertClientTransaction = insert({
  name: 'client_transactions.insert',
  table: 'client_transactions',
  columns: { session: 'int', hash: 'int', operation: 'text', answer: 'text', at: 'int' },
})

/** The newest answers that a session has got. */
export function transactionsOf(db: Database, session: number): Promise<{ hash: number; operation: string; answer: string }[]> {
  return db.all(sql<{ hash: number; operation: string; answer: string }>('client_transactions.ofSession')`
    SELECT hash, operation, answer FROM client_transactions WHERE session = ${session}`)
}
