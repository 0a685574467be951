import type { SqlValue } from '../../storage/sql.ts'
import type { TableWrite } from '../../storage/table-write.ts'

/** Who an event notifies: totals for the classes of users with equal rules, rows for highlights and for users apart. */
export interface PushTally {
  /** Packed totals after this event, kept in its header. */
  readonly counts: Uint8Array | undefined
  readonly actions: readonly PushAction[]
}

/** A row for one user. */
export interface PushAction {
  readonly write: TableWrite
  readonly values: (room: number, pos: number) => readonly SqlValue[]
}
