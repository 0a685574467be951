import type { Rows } from '../database.ts'
import type { SqlValue } from '../sql.ts'
import type { TableWrite } from '../table-write.ts'
import { BadValue, toWireArray } from './values.ts'
import { shapeOf, type WriteShape } from './write-shape.ts'

/** A statement with its values, ready to be sent. */
export interface WireStatement {
  readonly text: string
  readonly values: readonly string[]
}

interface Merged {
  readonly write: TableWrite
  readonly shape: WriteShape
  readonly rows: (readonly SqlValue[])[]
  /** Place in `rows` by key. */
  readonly byKey: Map<string, number>
}

/**
 * Collects the rows of many units and gives one statement per declared write, in the order in which the writes were first
 * named. The result is what the units would have written one after the other: rows join an earlier statement only if no
 * other write of the same table stands behind it, and a key occurs once in a statement.
 */
export class MergedRows {
  #statements: Merged[] = []
  /** The last statement on each table. */
  readonly #lastOf = new Map<string, Merged>()

  get isEmpty(): boolean {
    return this.#statements.length === 0
  }

  /** Throws `BadValue`. */
  add(all: readonly Rows[]): void {
    for (const { write, rows } of all) {
      for (const row of rows) {
        if (row.length !== write.columns.length) {
          throw new BadValue(`${write.name} got ${row.length} values for ${write.columns.length} columns`)
        }
        this.#addRow(write, row)
      }
    }
  }

  /** The statements so far; none is left. Throws `BadValue`. */
  take(): WireStatement[] {
    const statements = this.#statements.map(({ write, rows }) => ({
      text: write.postgresql,
      values: write.types.map((type, column) =>
        toWireArray(
          type,
          rows.map((row) => row[column] ?? null),
        ),
      ),
    }))
    this.#statements = []
    this.#lastOf.clear()
    return statements
  }

  #addRow(write: TableWrite, row: readonly SqlValue[]): void {
    const shape = shapeOf(write)
    const last = this.#lastOf.get(shape.table)
    const open = last?.write === write ? last : this.#start(write, shape)
    if (shape.key === undefined) {
      open.rows.push(row)
      return
    }
    const key = keyOf(row, shape.key)
    const earlier = open.byKey.get(key)
    if (earlier === undefined) {
      open.byKey.set(key, open.rows.push(row) - 1)
    } else if (shape.lastWins) {
      open.rows[earlier] = row
    } else {
      const next = this.#start(write, shape)
      next.byKey.set(key, next.rows.push(row) - 1)
    }
  }

  #start(write: TableWrite, shape: WriteShape): Merged {
    const merged: Merged = { write, shape, rows: [], byKey: new Map() }
    this.#statements.push(merged)
    this.#lastOf.set(shape.table, merged)
    return merged
  }
}

function keyOf(row: readonly SqlValue[], places: readonly number[]): string {
  let key = ''
  for (const place of places) {
    const value = row[place]
    // The length before each part keeps ('a', 'bc') and ('ab', 'c') apart.
    const part =
      value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1') : String(value)
    key += `${part.length}:${part}`
  }
  return key
}
