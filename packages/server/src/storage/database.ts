import type { Query, SqlValue } from './sql.ts'
import type { TableWrite } from './table-write.ts'

/** Which database is underneath. Only `storage` looks at it. */
export type Dialect = 'sqlite' | 'postgresql'

/** Rows for one declared write; each row has a value per declared column, in that order. */
export interface Rows {
  readonly write: TableWrite
  readonly rows: readonly (readonly SqlValue[])[]
}

/**
 * One statement of a unit that may refuse: when `expect` is given and another number of rows was changed (or returned),
 * nothing of the unit is written.
 */
export interface Step {
  readonly query: Query<unknown>
  readonly expect?: number
}

/** What changed, for whoever waits in this process. Opaque to storage; its order is the commit order. */
export interface Announcement {
  readonly kind: string
}

/**
 * What one action writes: all of it or nothing. Units of many actions share a transaction of the database (group commit).
 * Steps run before rows.
 */
export interface CommitUnit {
  readonly rows?: readonly Rows[]
  readonly steps?: readonly Step[]
  /** The room shards that the unit's rows belong to; on PostgreSQL the commit is refused unless this process holds them. */
  readonly shards?: readonly number[]
  /**
   * Units of one chain build on each other (a room's): once one of them is not committed, `broken` is set and no later one
   * is written. A unit that writes two rooms is of both chains.
   */
  readonly chains?: readonly { broken: boolean }[]
  /** Handed to `onCommitted` listeners, in commit order, before the promise resolves. */
  readonly announcements?: readonly Announcement[]
}

/** The outcome of a unit: committed with the rows that its steps returned, or refused whole by the step of that index. */
export type CommitOutcome =
  | { readonly committed: true; readonly results: readonly (readonly unknown[])[] }
  | { readonly committed: false; readonly refusedBy: number }

/**
 * The commit was not confirmed: its outcome is unknown (disk error, connection lost, lease lost). It is never answered
 * as success and never tried again as it is.
 */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown'
}

/** Called after each group commit with the announcements of all its units, in order. Must not throw. */
export type CommitListener = (announcements: readonly Announcement[]) => void

/**
 * The database port. Reads are plain SQL that both databases understand; they run on the event loop's own connection and
 * must be bounded. Writes are data and go through `commit` alone.
 */
export interface Database {
  readonly dialect: Dialect
  /** The writer slot of this process: 0 on SQLite (decision record "Writer slots"). */
  readonly slot: number
  all<Row>(query: Query<Row>): Promise<Row[]>
  /** The first row, if there is one. */
  first<Row>(query: Query<Row>): Promise<Row | undefined>
  /**
   * Take the next stream position of this process's slot. Positions are visible to readers in order only if the unit
   * that carries them is handed to `commit` in the same synchronous stretch.
   */
  nextPosition(): number
  /** Resolves once the unit is durable. Rejects with `CommitUnknown`. */
  commit(unit: CommitUnit): Promise<CommitOutcome>
  /** The newest positions that readers of this process see, by slot. */
  positions(): ReadonlyMap<number, number>
  onCommitted(listener: CommitListener): void
  /** Commit what is queued, then close. */
  close(): Promise<void>
}
