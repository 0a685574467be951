import { type DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { CommitLane, type UnitOutcome } from '../commit-lane.ts'
import type { CommitListener, CommitOutcome, CommitUnit, Database } from '../database.ts'
import type { Query } from '../sql.ts'
import type { WireUnit } from './apply-group.ts'

/** What writes groups for a SQLite database: a thread in production, the event loop itself in simulation. */
export interface SqliteWriter {
  write(units: readonly WireUnit[], position: number): Promise<readonly UnitOutcome[]>
  close(): Promise<void>
}

interface Parts {
  readonly reader: Pick<DatabaseSync, 'prepare' | 'close'>
  readonly writer: SqliteWriter
  readonly soon: (run: () => void) => void
  /** The last stream position in the file. */
  readonly position: number
  /** Let go of the lock that keeps other processes out. */
  readonly unlock: () => void
}

/** The embedded database: slot 0 for ever, one process, a writer of its own beside the event loop's read connection. */
export class SqliteDatabase implements Database {
  readonly dialect = 'sqlite'
  readonly slot = 0
  readonly #parts: Parts
  readonly #lane: CommitLane
  readonly #statements = new Map<string, StatementSync>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#lane = new CommitLane(parts.position, {
      write: (units, position) => parts.writer.write(toWire(units), position),
      soon: parts.soon,
    })
  }

  async all<Row>(query: Query<Row>): Promise<Row[]> {
    return this.#run(query)
  }

  async first<Row>(query: Query<Row>): Promise<Row | undefined> {
    return this.#run(query)[0]
  }

  #run<Row>(query: Query<Row>): Row[] {
    let statement = this.#statements.get(query.sqlite)
    if (statement === undefined) {
      statement = this.#parts.reader.prepare(query.sqlite)
      this.#statements.set(query.sqlite, statement)
    }
    // The row's type is what the statement selects; it stands beside the statement's text and storage tests hold it to it.
    return statement.all(...query.values.map(toInput)) as Row[]
  }

  nextPosition(): number {
    return this.#lane.nextPosition()
  }

  commit(unit: CommitUnit): Promise<CommitOutcome> {
    return this.#lane.commit(unit)
  }

  positions(): ReadonlyMap<number, number> {
    return new Map([[0, this.#lane.visible]])
  }

  onCommitted(listener: CommitListener): void {
    this.#lane.onCommitted(listener)
  }

  async close(): Promise<void> {
    await this.#lane.idle()
    this.#parts.reader.close()
    await this.#parts.writer.close()
    this.#parts.unlock()
  }
}

function toInput(value: Query<unknown>['values'][number]): SQLInputValue {
  return Array.isArray(value) ? JSON.stringify(value) : (value as SQLInputValue)
}

function toWire(units: readonly CommitUnit[]): WireUnit[] {
  const numbers = new Map<object, number>()
  return units.map((unit) => {
    const chains = (unit.chains ?? []).map((chain) => {
      const number = numbers.get(chain) ?? numbers.size
      numbers.set(chain, number)
      return number
    })
    return wireUnit(unit, chains)
  })
}

function wireUnit(unit: CommitUnit, chains: readonly number[]): WireUnit {
  return {
    chains,
    rows: (unit.rows ?? []).map(({ write, rows }) => ({ text: write.sqlite, rows })),
    steps: (unit.steps ?? []).map(({ query, expect }) => ({
      text: query.sqlite,
      values: query.values.map((value) => (Array.isArray(value) ? JSON.stringify(value) : (value as string | number | Uint8Array | null))),
      expect,
      // What is changed by a statement that changes nothing is the number of the statement before it.
      returns: /^\s*SELECT\b|\bRETURNING\b/i.test(query.sqlite),
    })),
  }
}
