import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Ownership } from '../../workers/ownership.ts'
import type { CommitListener, Database } from '../database.ts'
import { DatabaseUnusable } from '../database-unusable.ts'
import { codeOf, Connection, isConnectionFailure } from './connection.ts'
import { ForeignLog, type AnnounceRows, type ForeignEventRow } from './foreign-log.ts'
import type { Fence } from './group-transaction.ts'
import { leaseLockMsMax, reconnectEveryMs } from './limits.ts'
import { OpenWrites } from './open-writes.ts'
import { PositionsWatch } from './positions-watch.ts'
import { PostgresqlDatabase } from './postgresql-database.ts'
import { ReaderPool } from './reader-pool.ts'
import { checkDatabase, migrate } from './schema.ts'
import { ShardLeases } from './shard-leases.ts'
import { SlotLane } from './slot-lane.ts'
import { takeSlot, tellOwners, type Tenancy, type Tenant } from './slot-table.ts'

interface Options {
  /** `postgres://user:password@host/database`; a pooler between must pool whole sessions. */
  readonly url: string
  readonly soon: (run: () => void) => void
  readonly clock: Clock
  readonly log: Logger
  /** What this process is called in the database and in messages to the operator. */
  readonly processName: string
  /** Where other processes reach this one's internal listener: `http://10.0.0.2:9000`; empty until `setInternalAddress`. */
  readonly internalAddress: string
  /**
   * Names what this process has, and no other process that runs (`processHome`): what an earlier process that had it held in the database
   * is taken over at once. '' for nothing.
   */
  readonly home: string
}

/** What a process needs to be one of several. */
export interface ClusterParts {
  /** Which rooms this process may write in. */
  readonly ownership: Ownership
  /** The internal listener is open there. Resolves when other processes can know. */
  setInternalAddress(address: string): Promise<void>
  /** Wait until this process sees all of `positions` (of a sync token that another process gave), at most `ms`; gives whether it does. */
  reach(positions: ReadonlyMap<number, number>, ms: number): Promise<boolean>
  /** From now on `announceRows` adds its announcements to each `ForeignAnnouncement`; positions are shown when it has resolved. */
  setAnnounceRows(announceRows: AnnounceRows): void
  /** Events of another slot after one position up to another, for `announceRows`. */
  foreignEvents(slot: number, after: number, position: number): Promise<ForeignEventRow[]>
  /**
   * Called when this process had lost its slot (it was stopped, or cut off, for longer than its lease) and has taken another:
   * what was derived from the slot's number must be derived anew. `onLost` of the ownership was called before.
   */
  onSlotChanged(listener: (change: { readonly from: number; readonly to: number }) => void): void
}

/**
 * Open a PostgreSQL database: check it, bring its schema up to date, take a writer slot and a share of the shards.
 * Throws `DatabaseUnusable` with what to do about it.
 */
export async function openPostgresql(options: Options): Promise<Database & ClusterParts> {
  const tenancy = await prepare(options)
  const cluster = new Cluster(options, tenancy)
  await cluster.open()
  return Object.assign(cluster.database, {
    ownership: cluster.leases,
    setInternalAddress: (address: string) => cluster.setInternalAddress(address),
    reach: (positions: ReadonlyMap<number, number>, ms: number) => cluster.watch.reach(positions, ms),
    setAnnounceRows: (announceRows: AnnounceRows) => cluster.foreign.setAnnounceRows(announceRows),
    foreignEvents: (slot: number, after: number, position: number) => cluster.foreign.events(slot, after, position),
    onSlotChanged: (listener: SlotListener) => void cluster.slotListeners.push(listener),
  })
}

type SlotListener = Parameters<ClusterParts['onSlotChanged']>[0]

/** A migration may take its time, and processes that start together wait for the first. */
const patient = { statement_timeout: '0', idle_in_transaction_session_timeout: '0' }

async function prepare(options: Options): Promise<Tenancy> {
  let connection: Connection
  try {
    connection = await connect(options, 'start', patient)
  } catch (error) {
    throw new DatabaseUnusable(`the database cannot be opened: ${reason(error)}`, { cause: error })
  }
  try {
    await checkDatabase(connection)
    await migrate(connection)
    return await takeSlot(connection, tenantOf(options), true)
  } finally {
    await connection.close()
  }
}

function tenantOf({ processName, internalAddress, home }: Options): Tenant {
  return { process: processName, address: internalAddress, home }
}

function reason(error: unknown): string {
  if (isConnectionFailure(error)) return `nobody answers (${codeOf(error)})`
  return error instanceof Error ? error.message : String(error)
}

function connect(
  options: Options,
  role: string,
  settings: Readonly<Record<string, string>> = {},
  onNotify?: (payload: string) => void,
): Promise<Connection> {
  const own = { url: options.url, name: `${options.processName} ${role}`, settings }
  return Connection.open(onNotify === undefined ? own : { ...own, onNotify })
}

/** The parts of this process's side of the database, and what happens when it loses its slot. */
class Cluster {
  readonly database: PostgresqlDatabase
  readonly leases: ShardLeases
  readonly watch: PositionsWatch
  readonly foreign: ForeignLog
  readonly slotListeners: SlotListener[] = []
  readonly #options: Options
  readonly #reader: ReaderPool
  readonly #writes = new OpenWrites()
  readonly #listeners: CommitListener[] = []
  #tenant: Tenant
  #lane: SlotLane
  #rejoining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: Options, tenancy: Tenancy) {
    const { clock, log, soon } = options
    this.#options = options
    this.#tenant = tenantOf(options)
    this.#reader = new ReaderPool({ url: options.url, name: `${options.processName} reads` }, clock)
    this.foreign = new ForeignLog(this.#reader, this.#listeners)
    this.#lane = this.#laneOf(tenancy)
    this.watch = new PositionsWatch({
      connect: (noticed) => connect(options, 'listens', {}, noticed),
      clock,
      log,
      foreign: this.foreign,
      lane: () => this.#lane,
      onOwnersChanged: () => this.leases.refreshSoon(),
    })
    this.leases = new ShardLeases(tenancy, {
      connect: () => connect(options, 'leases', { lock_timeout: String(leaseLockMsMax) }),
      clock,
      log,
      soon,
      tenant: () => this.#tenant,
      writes: this.#writes,
      catchUp: () => this.watch.refresh(),
      onFenced: (fence) => this.#fenced(fence),
    })
    this.database = new PostgresqlDatabase({
      reader: this.#reader,
      watch: this.watch,
      leases: this.leases,
      writes: this.#writes,
      lane: () => this.#lane,
      listeners: this.#listeners,
      close: () => this.#close(),
    })
  }

  async open(): Promise<void> {
    try {
      await this.#lane.open()
      await this.watch.open()
      await this.leases.refresh()
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  async setInternalAddress(address: string): Promise<void> {
    this.#tenant = { ...this.#tenant, address }
    await this.leases.refresh()
    await this.#reader.run(tellOwners, [])
  }

  #laneOf(tenancy: Tenancy): SlotLane {
    const { clock, log, soon } = this.#options
    const fence = { slot: tenancy.slot, epoch: tenancy.epoch }
    const lane = new SlotLane(fence, tenancy.position, {
      connect: () => connect(this.#options, 'writes'),
      clock,
      log,
      soon,
      hasPeers: () => this.leases.hasPeers,
      onFenced: () => this.#fenced(fence),
      onFound: async (after, position, show) => {
        const announcements = await this.foreign.read(fence.slot, after, position)
        show()
        this.foreign.tell(announcements)
      },
    })
    lane.lane.onCommitted((announcements) => {
      for (const listener of this.#listeners) listener(announcements)
    })
    return lane
  }

  /** The slot is another's: nothing is owned or written any more, until there is another slot. */
  #fenced(fence: Fence): void {
    const own = this.#lane.fence
    if (own.slot !== fence.slot || own.epoch !== fence.epoch || this.#rejoining !== undefined || this.#closing !== undefined) return
    this.#options.log.error({ slot: own.slot }, 'this process was away for longer than its lease and has lost its slot: it takes another')
    const rejoined = Promise.withResolvers<void>()
    // Set before anything is lost: losing the lane calls back to here.
    this.#rejoining = rejoined.promise
    void this.#rejoin().finally(() => {
      this.#rejoining = undefined
      rejoined.resolve()
    })
  }

  async #rejoin(): Promise<void> {
    const old = this.#lane
    this.leases.lose()
    old.giveUp()
    while (this.#closing === undefined) {
      try {
        await this.#takeAnother(old)
        return
      } catch (error) {
        this.#options.log.warn({ err: error }, 'no other slot could be taken yet')
        await this.#options.clock.sleep(reconnectEveryMs)
      }
    }
  }

  async #takeAnother(old: SlotLane): Promise<void> {
    const connection = await connect(this.#options, 'start')
    let tenancy: Tenancy
    try {
      tenancy = await takeSlot(connection, this.#tenant)
    } finally {
      await connection.close()
    }
    const lane = this.#laneOf(tenancy)
    await lane.open()
    this.watch.leaveSlot(old)
    // What the slot's last holder committed is seen here as another's before the slot becomes ours.
    await this.watch.refresh()
    this.#lane = lane
    await old.close()
    this.leases.begin(lane.fence)
    for (const listener of this.slotListeners) listener({ from: old.fence.slot, to: lane.fence.slot })
    this.leases.refreshSoon()
  }

  #close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    await this.#rejoining
    await this.leases.leaveAll()
    await this.#lane.close()
    await this.leases.close()
    await this.watch.close()
    await this.#reader.close()
  }
}
