import { CommitLane, type UnitOutcome } from '../commit-lane.ts'
import type { CommitUnit } from '../database.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { applyGroup } from './apply-group.ts'
import { ConnectionLost, isConnectionFailure, type Connection } from './connection.ts'
import { Fenced, type Fence } from './group-transaction.ts'
import { groupMsMax, reconnectEveryMs, reconnectWaitMsMax } from './limits.ts'

interface Ports {
  readonly connect: () => Promise<Connection>
  readonly clock: Clock
  readonly log: Logger
  readonly soon: (run: () => void) => void
  /** Are there other processes to be told of commits? */
  readonly hasPeers: () => boolean
  /** The slot belongs to another process now. Called once. */
  readonly onFenced: () => void
  /**
   * Positions after `after` up to `upTo` were committed although their commits could not be confirmed. Calls `show` when it
   * is ready to tell readers of them, in the same synchronous stretch.
   */
  readonly onFound: (after: number, upTo: number, show: () => void) => Promise<void>
}

/**
 * The commit lane of one tenancy of a slot, with its connection. A lost connection is opened again; whatever was on its
 * way then has an unknown outcome, and before anything else is written the lane looks what the database has got of it.
 */
export class SlotLane {
  readonly fence: Fence
  readonly lane: CommitLane
  readonly #ports: Ports
  #connection: Connection | undefined
  /** The last position that is known to be in the database with all before it that will ever be. */
  #confirmed: number
  /** The last position that was found in the database after its commit could not be confirmed. */
  #found = 0
  #fenced = false
  #closed = false
  #mending: Promise<void> | undefined
  #watchers: (() => void)[] = []

  /** `position`: the last one that the database holds for the slot. */
  constructor(fence: Fence, position: number, ports: Ports) {
    this.fence = fence
    this.#ports = ports
    this.#confirmed = position
    this.lane = new CommitLane(position, { write: (units, last) => this.#write(units, last), soon: ports.soon })
  }

  /** The newest position that readers may see: committed, and announced to this process. */
  get visible(): number {
    return Math.max(this.#found, Math.min(this.lane.visible, this.#confirmed))
  }

  get isFenced(): boolean {
    return this.#fenced
  }

  /** Open the connection. Rejects if the database cannot be reached or the slot was taken over. */
  async open(): Promise<void> {
    this.#connection = await this.#ports.connect()
    await this.#look(this.#connection)
  }

  /** Resolves when `position` is visible, or never will be. */
  async reached(position: number): Promise<void> {
    while (this.visible < position && !this.#fenced && !this.#closed) await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  /** From now on nothing is written: the slot was lost. */
  giveUp(): void {
    if (this.#fenced) return
    this.#fenced = true
    this.#connection?.lose(new ConnectionLost('the slot was lost'))
    this.#tell()
    this.#ports.onFenced()
  }

  async close(): Promise<void> {
    await this.lane.idle()
    this.#closed = true
    this.#tell()
    await this.#connection?.close()
  }

  async #write(units: readonly CommitUnit[], position: number): Promise<readonly UnitOutcome[]> {
    if (units.length === 0) return []
    const connection = await this.#ready()
    const wakeUp = position > this.#confirmed && this.#ports.hasPeers() ? `${this.fence.slot}:${position}` : undefined
    const cancel = this.#ports.clock.schedule(groupMsMax, () => connection.lose(new ConnectionLost('the database did not answer in time')))
    try {
      const outcomes = await applyGroup(connection, { fence: this.fence, units, position, wakeUp })
      this.#confirmed = Math.max(this.#confirmed, position)
      return outcomes
    } catch (error) {
      this.#ports.log.warn({ err: error, units: units.length }, 'a group of writes was not confirmed')
      if (error instanceof Fenced) this.giveUp()
      else if (isConnectionFailure(error)) connection.lose(new ConnectionLost('the database closed the session', { cause: error }))
      if (!connection.isOpen && !this.#fenced) await this.#mended()
      throw error
    } finally {
      cancel()
      this.#ports.soon(() => this.#tell())
    }
  }

  async #ready(): Promise<Connection> {
    if (this.#fenced) throw new Fenced('this process does not hold its slot any more')
    if (this.#connection?.isOpen !== true) await this.#mended()
    if (this.#connection?.isOpen !== true) throw new ConnectionLost('the database cannot be reached')
    return this.#connection
  }

  /** Resolves when there is a connection again, or after a while without one; the attempts go on. */
  async #mended(): Promise<void> {
    this.#mending ??= this.#mend().finally(() => {
      this.#mending = undefined
    })
    const waited = new AbortController()
    await Promise.race([this.#mending, this.#ports.clock.sleep(reconnectWaitMsMax, waited.signal)])
    waited.abort()
  }

  async #mend(): Promise<void> {
    const { clock, log } = this.#ports
    while (!this.#isOver()) {
      try {
        const connection = await this.#ports.connect()
        // Closed, or fenced, while it was being opened: nobody else knows of it.
        if (this.#isOver()) return await connection.close()
        this.#connection = connection
        await this.#look(connection)
        log.info({ slot: this.fence.slot }, 'the connection that writes is open again')
        return
      } catch (error) {
        if (error instanceof Fenced) return this.giveUp()
        this.#connection?.lose(new ConnectionLost('opened again', { cause: error }))
        await clock.sleep(reconnectEveryMs)
      }
    }
  }

  /**
   * Is the slot still ours, and what of it is in the database? Waits for a transaction that an earlier connection may have
   * left behind: it holds the slot's row.
   */
  async #look(connection: Connection): Promise<void> {
    // An operator may have turned durability off for all; a commit of ours is acknowledged when it is durable.
    await connection.send(`SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
    const { rows } = await connection.send('SELECT epoch, position FROM slots WHERE slot = $1 FOR UPDATE', [this.fence.slot])
    const row = rows[0]
    if (row?.['epoch'] !== this.fence.epoch) throw new Fenced('another process has taken over the slot')
    const position = Number(row['position'])
    if (position <= this.#confirmed) return
    await this.#ports.onFound(this.#confirmed, position, () => {
      this.#confirmed = position
      this.#found = position
    })
  }

  #isOver(): boolean {
    return this.#fenced || this.#closed
  }

  #tell(): void {
    for (const watcher of this.#watchers.splice(0)) watcher()
  }
}
