import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SqlValue } from '../sql.ts'

/** A unit as it travels to the writer: statement texts are already the database's own. */
export interface WireUnit {
  /** Units that share a number within a group build on each other: after one that is not written, no later one is. */
  readonly chains: readonly number[]
  readonly rows: readonly { readonly text: string; readonly rows: readonly (readonly SqlValue[])[] }[]
  readonly steps: readonly {
    readonly text: string
    readonly values: readonly SqlValue[]
    readonly expect: number | undefined
    readonly returns: boolean
  }[]
}

/** What became of one unit. */
export type WireOutcome =
  | { readonly committed: true; readonly results: readonly (readonly unknown[])[] }
  | { readonly committed: false; readonly refusedBy: number }
  /** The unit broke a constraint or has a faulty statement: our bug. Its neighbours are not harmed. */
  | { readonly failed: string }

/** Prepared statements by text; the texts are fixed in the code, so the map is bounded by the code. */
export type StatementCache = Map<string, StatementSync>

function prepared(db: DatabaseSync, cache: StatementCache, text: string): StatementSync {
  let statement = cache.get(text)
  if (statement === undefined) {
    statement = db.prepare(text)
    cache.set(text, statement)
  }
  return statement
}

/** Write a group of units in one transaction, with the last stream position taken; a unit that refuses or fails is undone alone. Throws if the transaction itself fails. */
export function applyGroup(db: DatabaseSync, cache: StatementCache, units: readonly WireUnit[], position: number): WireOutcome[] {
  db.exec('BEGIN IMMEDIATE')
  try {
    const broken = new Set<number>()
    const outcomes = units.map((unit): WireOutcome => {
      const follows = unit.chains.some((chain) => broken.has(chain))
      const outcome = follows ? { failed: 'an earlier write of the same room failed' } : applyUnit(db, cache, unit)
      if (!('committed' in outcome && outcome.committed)) for (const chain of unit.chains) broken.add(chain)
      return outcome
    })
    prepared(db, cache, 'UPDATE slots SET position = max(position, ?) WHERE slot = 0').run(position)
    db.exec('COMMIT')
    return outcomes
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function applyUnit(db: DatabaseSync, cache: StatementCache, unit: WireUnit): WireOutcome {
  db.exec('SAVEPOINT unit')
  try {
    const results: unknown[][] = []
    for (const [index, step] of unit.steps.entries()) {
      const statement = prepared(db, cache, step.text)
      const rows = step.returns ? statement.all(...step.values) : undefined
      const count = rows === undefined ? Number(statement.run(...step.values).changes) : rows.length
      if (step.expect !== undefined && count !== step.expect) {
        db.exec('ROLLBACK TO unit; RELEASE unit')
        return { committed: false, refusedBy: index }
      }
      results.push(rows ?? [])
    }
    for (const write of unit.rows) {
      const statement = prepared(db, cache, write.text)
      for (const row of write.rows) statement.run(...row)
    }
    db.exec('RELEASE unit')
    return { committed: true, results }
  } catch (error) {
    // A full or failing disk concerns the whole group; a constraint only this unit.
    if (!isConstraint(error) || !db.isTransaction) throw error
    db.exec('ROLLBACK TO unit; RELEASE unit')
    return { failed: error instanceof Error ? error.message : String(error) }
  }
}

function isConstraint(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  // Primary result codes: 1 SQLITE_ERROR (a faulty statement), 19 SQLITE_CONSTRAINT, 20 SQLITE_MISMATCH, 25 SQLITE_RANGE.
  return typeof code === 'number' && [1, 19, 20, 25].includes(code & 0xff)
}
