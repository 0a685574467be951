import { breakChains } from '../commit-lane.ts'
import { CommitUnknown, type CommitListener, type CommitOutcome, type CommitUnit, type Database } from '../database.ts'
import type { Query } from '../sql.ts'
import type { OpenWrites } from './open-writes.ts'
import type { PositionsWatch } from './positions-watch.ts'
import type { ReaderPool } from './reader-pool.ts'
import type { ShardLeases } from './shard-leases.ts'
import type { SlotLane } from './slot-lane.ts'

interface Parts {
  readonly reader: ReaderPool
  readonly watch: PositionsWatch
  readonly leases: ShardLeases
  readonly writes: OpenWrites
  /** Of the present tenancy. */
  readonly lane: () => SlotLane
  /** Shared with whoever tells of other processes' commits. */
  readonly listeners: CommitListener[]
  readonly close: () => Promise<void>
}

/** A PostgreSQL database, shared with other processes of the same server. */
export class PostgresqlDatabase implements Database {
  readonly dialect = 'postgresql'
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** It changes when the slot is lost: take it where a unit is made, not once for ever. */
  get slot(): number {
    return this.#parts.lane().fence.slot
  }

  all<Row>(query: Query<Row>): Promise<Row[]> {
    return this.#parts.reader.all(query)
  }

  async first<Row>(query: Query<Row>): Promise<Row | undefined> {
    return (await this.#parts.reader.all(query))[0]
  }

  nextPosition(): number {
    return this.#parts.lane().lane.nextPosition()
  }

  commit(unit: CommitUnit): Promise<CommitOutcome> {
    const { leases, writes } = this.#parts
    const lane = this.#parts.lane()
    const shards = unit.shards ?? []
    if (lane.isFenced || shards.some((shard) => !leases.mayCommit(shard))) {
      breakChains(unit)
      return Promise.reject(new CommitUnknown('this process does not hold the room any more'))
    }
    const committed = lane.lane.commit(unit)
    writes.track(shards, committed)
    return committed
  }

  positions(): ReadonlyMap<number, number> {
    return this.#parts.watch.get()
  }

  onCommitted(listener: CommitListener): void {
    this.#parts.listeners.push(listener)
  }

  close(): Promise<void> {
    return this.#parts.close()
  }
}
