import { LRUCache } from 'lru-cache'
import { limits } from '../../limits.ts'
import type { Database, Rows } from '../../storage/database.ts'
import { hash48 } from '../../storage/hash48.ts'
import { findTransaction, insertClientTransaction, transactionsOf } from '../../storage/tables/client-transactions.ts'

/** A client's repetition of this key gets the first answer (Client-Server API, "Transaction identifiers"). */
export interface TransactionKey {
  /** The session that the access token belongs to: (user, device). */
  readonly session: number
  readonly operation: string
  /** Room, event type and transaction id, as the path has them. */
  readonly parts: readonly string[]
}

/** What is in memory of one session. */
interface Known {
  readonly answers: Map<string, string>
  /** Are these all that storage holds? */
  readonly whole: boolean
}

/**
 * Answers to client transactions, remembered for a day. A session's own are read once and then kept in memory, so that a
 * warm send asks the database nothing.
 */
export class TransactionMemory {
  readonly #db: Database
  readonly #sessions = new LRUCache<number, Known>({ max: limits.sessionsInMemoryMax })

  constructor(db: Database) {
    this.#db = db
  }

  /** The answer that this key has got, if it has. */
  async find(key: TransactionKey): Promise<string | undefined> {
    const name = nameOf(key)
    const known = this.#sessions.get(key.session) ?? (await this.#load(key.session))
    const answer = known.answers.get(name)
    // With several processes another one may have answered: only the database knows.
    if (answer !== undefined || (known.whole && this.#db.dialect === 'sqlite')) return answer
    return (await findTransaction(this.#db, key.session, hashOf(key), key.operation))?.answer
  }

  async #load(session: number): Promise<Known> {
    const max = limits.transactionsPerSessionMax
    const rows = this.#db.dialect === 'sqlite' ? await transactionsOf(this.#db, session, max) : []
    const answers = new Map(rows.map((row) => [`${row.hash} ${row.operation}`, row.answer]))
    const known = this.#sessions.get(session) ?? { answers, whole: rows.length < max }
    this.#sessions.set(session, known)
    return known
  }

  /** The row that makes `answer` this key's answer, for the commit of the action itself. */
  rows(key: TransactionKey, answer: string, now: number): Rows {
    return { write: insertClientTransaction, rows: [[key.session, hashOf(key), key.operation, answer, now]] }
  }

  /** Remember an answer whose commit is under way. */
  remember(key: TransactionKey, answer: string): void {
    const known = this.#sessions.get(key.session)
    if (known === undefined) return
    known.answers.set(nameOf(key), answer)
    if (known.answers.size <= 2 * limits.transactionsPerSessionMax) return
    // The older half goes; what is asked for again is looked up.
    const kept = new Map([...known.answers].slice(-limits.transactionsPerSessionMax))
    this.#sessions.set(key.session, { answers: kept, whole: false })
  }

  /** The commit failed: the key has no answer after all. */
  forget(key: TransactionKey): void {
    this.#sessions.get(key.session)?.answers.delete(nameOf(key))
  }
}

function hashOf(key: TransactionKey): number {
  return hash48(JSON.stringify(key.parts))
}

function nameOf(key: TransactionKey): string {
  return `${hashOf(key)} ${key.operation}`
}
