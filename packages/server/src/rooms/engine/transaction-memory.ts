import { LRUCache } from 'lru-cache'
import { limits } from '../../limits.ts'
import type { Database, Rows } from '../../storage/database.ts'
import { hash48 } from '../../storage/hash48.ts'
import { insertClientTransaction, transactionsOf } from '../../storage/tables/client-transactions.ts'

/** A client's repetition of this key gets the first answer (Client-Server API, "Transaction identifiers"). */
export interface TransactionKey {
  /** The session that the access token belongs to: (user, device). */
  readonly session: number
  readonly operation: string
  /** Room, event type and transaction id, as the path has them. */
  readonly parts: readonly string[]
}

/**
 * Answers to client transactions, remembered for a day. A session's own are read once and then kept in memory, so that a
 * warm send asks the database nothing.
 */
export class TransactionMemory {
  readonly #db: Database
  readonly #sessions = new LRUCache<number, Map<string, string>>({ max: limits.sessionsInMemoryMax })

  constructor(db: Database) {
    this.#db = db
  }

  /** The answer that this key has got, if it has. */
  async find(key: TransactionKey): Promise<string | undefined> {
    const known = this.#sessions.get(key.session)
    // With several processes another one may have answered: only the database knows.
    if (known !== undefined && this.#db.dialect === 'sqlite') return known.get(nameOf(key))
    const rows = await transactionsOf(this.#db, key.session)
    const answers = new Map(rows.map((row) => [`${row.hash} ${row.operation}`, row.answer]))
    this.#sessions.set(key.session, answers)
    return answers.get(nameOf(key))
  }

  /** The row that makes `answer` this key's answer, for the commit of the action itself. */
  rows(key: TransactionKey, answer: string, now: number): Rows {
    return { write: insertClientTransaction, rows: [[key.session, hashOf(key), key.operation, answer, now]] }
  }

  /** Remember an answer whose commit is under way. */
  remember(key: TransactionKey, answer: string): void {
    this.#sessions.get(key.session)?.set(nameOf(key), answer)
  }

  /** The commit failed: the key has no answer after all. */
  forget(key: TransactionKey): void {
    this.#sessions.get(key.session)?.delete(nameOf(key))
  }
}

function hashOf(key: TransactionKey): number {
  return hash48(JSON.stringify(key.parts))
}

function nameOf(key: TransactionKey): string {
  return `${hashOf(key)} ${key.operation}`
}
