import type { Rows } from '../../storage/database.ts'
import type { SqlValue } from '../../storage/sql.ts'
import type { TableWrite } from '../../storage/table-write.ts'

/** Collects the rows of one commit by declared write, in the order in which the writes were first named. */
export class CommitDraft {
  readonly #rows = new Map<TableWrite, (readonly SqlValue[])[]>()

  add(write: TableWrite, ...values: readonly SqlValue[]): void {
    const rows = this.#rows.get(write)
    if (rows === undefined) this.#rows.set(write, [values])
    else rows.push(values)
  }

  rows(): Rows[] {
    return [...this.#rows].map(([write, rows]) => ({ write, rows }))
  }
}
