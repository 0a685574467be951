import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Announcement } from '../database.ts'
import { ConnectionLost, type Connection } from './connection.ts'
import type { ForeignLog } from './foreign-log.ts'
import { pollEveryMs, pollUrgentlyMs } from './limits.ts'
import type { SlotLane } from './slot-lane.ts'

interface Ports {
  /** A session on which notifications arrive at `noticed`. */
  readonly connect: (noticed: (payload: string) => void) => Promise<Connection>
  readonly clock: Clock
  readonly log: Logger
  readonly foreign: ForeignLog
  /** The tenancy of this process; it changes when the slot is lost. */
  readonly lane: () => SlotLane
  /** The shards or the slots have changed. */
  readonly onOwnersChanged: () => void
}

/** What a notification says when shards or slots changed hands; all others are `slot:position`. */
export const ownersChanged = 'owners'

/**
 * The newest positions that this process has seen, by slot. Others' positions are read together in one statement, so they
 * never hold a commit without those that it builds on; each is shown only after its commits were announced here.
 */
export class PositionsWatch {
  readonly #ports: Ports
  #foreign: ReadonlyMap<number, number> = new Map()
  #shown:
    | {
        readonly foreign: ReadonlyMap<number, number>
        readonly slot: number
        readonly own: number
        readonly all: ReadonlyMap<number, number>
      }
    | undefined
  #connection: Connection | undefined
  #wanted = false
  #running: Promise<void> | undefined
  #cancelPoll = (): void => undefined
  #urgent = 0
  #reachers: (() => void)[] = []
  /** The tenancy that ended, until there is another: its slot may hold commits that were never confirmed to it. */
  #left: SlotLane | undefined
  #closed = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Open the session and take the first look. */
  async open(): Promise<void> {
    this.#foreign = await this.#read(await this.#session())
    this.#schedulePoll()
  }

  get(): ReadonlyMap<number, number> {
    const { slot } = this.#ports.lane().fence
    const own = this.#ports.lane().visible
    const shown = this.#shown
    if (shown !== undefined && shown.foreign === this.#foreign && shown.slot === slot && shown.own === own) return shown.all
    const all = new Map(this.#foreign)
    all.set(slot, Math.max(own, all.get(slot) ?? 0))
    this.#shown = { foreign: this.#foreign, slot, own, all }
    return all
  }

  /** Resolves when everything that was committed before the call is seen here. Rejects if the database cannot be asked. */
  refresh(): Promise<void> {
    return this.#look()
  }

  /** Wait until all of `positions` are seen here, at most `ms`; gives whether they are. */
  async reach(positions: ReadonlyMap<number, number>, ms: number): Promise<boolean> {
    const until = this.#ports.clock.monotonic() + ms
    if (this.#covers(positions)) return true
    this.#urgent += 1
    this.#schedulePoll()
    try {
      while (!this.#covers(positions)) {
        const left = until - this.#ports.clock.monotonic()
        if (left <= 0 || this.#closed) return false
        const waited = new AbortController()
        await Promise.race([new Promise<void>((resolve) => this.#reachers.push(resolve)), this.#ports.clock.sleep(left, waited.signal)])
        waited.abort()
      }
      return true
    } finally {
      this.#urgent -= 1
    }
  }

  /** The tenancy has changed: the old slot is another's, as far as this process had seen it. */
  leaveSlot(old: SlotLane): void {
    const next = new Map(this.#foreign)
    next.set(old.fence.slot, Math.max(old.visible, next.get(old.fence.slot) ?? 0))
    this.#foreign = next
    this.#left = old
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelPoll()
    this.#tell()
    await this.#running?.catch(() => undefined)
    await this.#connection?.close()
  }

  #covers(positions: ReadonlyMap<number, number>): boolean {
    const seen = this.get()
    for (const [slot, position] of positions) if ((seen.get(slot) ?? 0) < position) return false
    return true
  }

  #noticed(payload: string): void {
    if (payload === ownersChanged) this.#ports.onOwnersChanged()
    else if (!payload.startsWith(`${this.#ports.lane().fence.slot}:`)) this.#lookSoon()
  }

  #lookSoon(): void {
    this.#look().catch((error: unknown) => {
      if (!this.#closed) this.#ports.log.warn({ err: error }, "the other processes' commits could not be read")
    })
  }

  /** Looks that are asked for while one runs become one more, which begins after they were asked for. */
  #look(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#wanted = true
    this.#running ??= this.#lookWhileWanted()
    return this.#running
  }

  async #lookWhileWanted(): Promise<void> {
    try {
      while (this.#wanted) {
        this.#wanted = false
        await this.#lookOnce()
      }
    } finally {
      this.#running = undefined
    }
  }

  async #lookOnce(): Promise<void> {
    const next = await this.#read(await this.#session())
    const lane = this.#ports.lane()
    // What others committed may build on a commit of ours whose confirmation is still on its way to us.
    await lane.reached(next.get(lane.fence.slot) ?? 0)
    const news: { readonly slot: number; readonly position: number; readonly announcements: readonly Announcement[] }[] = []
    for (const [slot, position] of next) {
      const seen = this.#foreign.get(slot) ?? 0
      if ((slot === lane.fence.slot && lane !== this.#left) || position <= seen) continue
      news.push({ slot, position, announcements: await this.#ports.foreign.read(slot, seen, position) })
    }
    if (news.length > 0) {
      const foreign = new Map(this.#foreign)
      for (const { slot, position } of news) foreign.set(slot, position)
      this.#foreign = foreign
      this.#ports.foreign.tell(news.flatMap(({ announcements }) => announcements))
    }
    this.#tell()
  }

  async #read(session: Connection): Promise<Map<number, number>> {
    const { rows } = await session.send('SELECT slot, position FROM slots WHERE position > 0')
    return new Map(rows.map((row) => [Number(row['slot']), Number(row['position'])]))
  }

  async #session(): Promise<Connection> {
    if (this.#connection?.isOpen === true) return this.#connection
    const session = await this.#ports.connect((payload) => this.#noticed(payload))
    try {
      await session.send('LISTEN causeway')
    } catch (error) {
      session.lose(new ConnectionLost('LISTEN failed', { cause: error }))
      throw error
    }
    this.#connection = session
    return session
  }

  #schedulePoll(): void {
    this.#cancelPoll()
    if (this.#closed) return
    this.#cancelPoll = this.#ports.clock.schedule(this.#urgent > 0 ? pollUrgentlyMs : pollEveryMs, () => {
      this.#lookSoon()
      this.#schedulePoll()
    })
  }

  #tell(): void {
    for (const reacher of this.#reachers.splice(0)) reacher()
  }
}
