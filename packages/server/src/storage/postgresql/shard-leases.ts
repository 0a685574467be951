import { limits } from '../../limits.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { GainedListener, LostListener, Ownership, ShardOwner } from '../../workers/ownership.ts'
import { ConnectionLost, type Connection } from './connection.ts'
import { Fenced, type Fence } from './group-transaction.ts'
import { handOverMsMax, handOverShardsMax, leaseAnswerMsMax, leaseMs, renewEveryMs } from './limits.ts'
import type { OpenWrites } from './open-writes.ts'
import { planShards, type ShardPlan } from './plan-shards.ts'
import { releaseShards, releaseSlot, renewAndLook, takeShards, type OwnersSeen, type Tenant } from './slot-table.ts'

interface Ports {
  readonly connect: () => Promise<Connection>
  readonly clock: Clock
  readonly log: Logger
  readonly soon: (run: () => void) => void
  readonly tenant: () => Tenant
  readonly writes: OpenWrites
  /** See everything that was committed before the call. */
  readonly catchUp: () => Promise<void>
  /** Another process has taken over the slot of this tenancy. */
  readonly onFenced: (fence: Fence) => void
}

/** A shard in this process. A leaving one still commits what was begun. */
const standing = { foreign: 0, owned: 1, leaving: 2 } as const

/** Milliseconds after a renewal that failed until the next. */
const afterFailureMs = 500

/** Milliseconds behind the end of another's lease at which to look for its shards. */
const afterLeaseMs = 50

/**
 * The shards of this process: its slot's lease is renewed, a fair share of the shards is taken, surplus ones are handed over,
 * and those of a process whose lease has ended are taken over.
 */
export class ShardLeases implements Ownership {
  readonly #ports: Ports
  readonly #standing = new Uint8Array(limits.shards)
  readonly #owner = new Int16Array(limits.shards).fill(-1)
  #addresses: ReadonlyMap<number, string> = new Map()
  #fence: Fence
  /** Monotonic milliseconds up to which nobody else can have taken the slot. */
  #heldUntil = 0
  #peers = false
  #connection: Connection | undefined
  #gained: GainedListener[] = []
  #lost: LostListener[] = []
  #running: Promise<void> | undefined
  #wanted = false
  #handingOver: Promise<void> | undefined
  /** Leaving shards in which nothing is written any more. */
  #releasable: number[] = []
  #cancelNext = (): void => undefined
  /** The slot was lost, and there is no other yet. */
  #over = false
  #closing = false
  #closed = false

  constructor(fence: Fence, ports: Ports) {
    this.#fence = fence
    this.#ports = ports
  }

  /** Does any other process hold a slot? */
  get hasPeers(): boolean {
    return this.#peers
  }

  owns(shard: number): boolean {
    return this.#standing[shard] === standing.owned && this.#ports.clock.monotonic() < this.#heldUntil
  }

  /** May a unit of this shard still be handed to the commit lane? */
  mayCommit(shard: number): boolean {
    return this.#standing[shard] !== standing.foreign
  }

  ownerOf(shard: number): ShardOwner | undefined {
    const slot = this.#owner[shard] ?? -1
    const address = this.#addresses.get(slot)
    return address === undefined ? undefined : { slot, address }
  }

  peers(): readonly ShardOwner[] {
    return [...this.#addresses].filter(([slot]) => slot !== this.#fence.slot).map(([slot, address]) => ({ slot, address }))
  }

  onGained(listener: GainedListener): void {
    this.#gained.push(listener)
    this.#ports.soon(() => {
      const owned = this.#all((is) => is === standing.owned)
      if (owned.length > 0) listener(owned)
    })
  }

  onLost(listener: LostListener): void {
    this.#lost.push(listener)
  }

  /** Renew, look, take. Looks that are asked for while one runs become one more. Rejects if the database cannot be asked. */
  refresh(): Promise<void> {
    if (this.#closed || this.#over) return Promise.resolve()
    this.#wanted = true
    this.#running ??= this.#runWhileWanted()
    return this.#running
  }

  /** The same for whoever can't wait. */
  refreshSoon(): void {
    this.refresh().catch((error: unknown) => {
      if (!this.#closed && !(error instanceof Fenced)) this.#ports.log.warn({ err: error }, 'the lease could not be renewed')
    })
  }

  /** The slot was taken over: nothing is owned any more. Nobody is waited for. */
  lose(): void {
    this.#over = true
    this.#cancelNext()
    this.#releasable = []
    this.#heldUntil = 0
    this.#drop(this.#all((is) => is !== standing.foreign))
  }

  /** A new tenancy begins, with nothing. */
  begin(fence: Fence): void {
    this.#fence = fence
    this.#over = false
  }

  /** No new jobs for any shard; resolves when the old ones are committed. The slot is still held. */
  async leaveAll(): Promise<void> {
    this.#closing = true
    await this.#handingOver
    await this.#leave(this.#all((is) => is === standing.owned))
  }

  /** When nothing is written any more: let go of the slot and its shards. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelNext()
    await this.#running?.catch(() => undefined)
    if (!this.#over) {
      try {
        await releaseSlot(await this.#session(), this.#fence)
      } catch (error) {
        this.#ports.log.warn({ err: error }, 'the slot could not be given back: its lease ends by itself')
      }
    }
    await this.#connection?.close()
  }

  async #runWhileWanted(): Promise<void> {
    let nextMs = afterFailureMs
    const fence = this.#fence
    try {
      while (this.#wanted) {
        this.#wanted = false
        nextMs = await this.#runOnce(fence)
      }
    } catch (error) {
      if (error instanceof Fenced) this.#ports.onFenced(fence)
      else this.#connection?.lose(new ConnectionLost('the lease could not be renewed', { cause: error }))
      throw error
    } finally {
      this.#running = undefined
      this.#scheduleNext(nextMs)
    }
  }

  /** Gives the milliseconds until the next look is worth it. */
  async #runOnce(fence: Fence): Promise<number> {
    const { clock } = this.#ports
    const session = await this.#session()
    const cancel = clock.schedule(leaseAnswerMsMax, () => session.lose(new ConnectionLost('the database did not answer in time')))
    try {
      await this.#release(session, fence)
      const asked = clock.monotonic()
      const seen = await renewAndLook(session, fence, this.#ports.tenant())
      if (this.#isOver(fence)) return renewEveryMs
      this.#heldUntil = asked + leaseMs
      this.#note(seen)
      const plan = planShards(seen.slots, seen.groups, fence, handOverShardsMax)
      const held = seen.groups.find(({ slot, epoch }) => slot === fence.slot && epoch === fence.epoch)?.shards ?? []
      await this.#agree(held)
      if (plan.take.length > 0 && !this.#closing) await this.#take(session, fence, plan)
      if (plan.give.length > 0 && !this.#closing) this.#handOver(plan.give)
      const lapses = seen.slots.filter(({ slot, leftMs }) => slot !== fence.slot && leftMs > 0).map(({ leftMs }) => leftMs + afterLeaseMs)
      return Math.min(renewEveryMs, ...lapses)
    } finally {
      cancel()
    }
  }

  #note(seen: OwnersSeen): void {
    const live = new Map(seen.slots.filter(({ slot, leftMs }) => slot === this.#fence.slot || leftMs > 0).map((row) => [row.slot, row]))
    this.#addresses = new Map([...live].map(([slot, { address }]) => [slot, address]))
    this.#peers = live.size > 1
    for (const { slot, epoch, shards } of seen.groups) {
      const owner = live.get(slot)?.epoch === epoch ? slot : -1
      for (const shard of shards) this.#owner[shard] = owner
    }
  }

  /** Take over what the database says is ours (a `take` whose confirmation was lost), and let go of what it says is not. */
  async #agree(held: readonly number[]): Promise<void> {
    const ours = new Set(held)
    this.#drop(this.#all((is, shard) => is !== standing.foreign && !ours.has(shard)))
    await this.#gain(held.filter((shard) => this.#standing[shard] === standing.foreign))
  }

  async #take(session: Connection, fence: Fence, plan: ShardPlan): Promise<void> {
    const taken = await takeShards(session, fence, plan.take, plan.dead)
    this.#ports.log.info({ shards: taken.length, dead: plan.dead, slot: fence.slot }, 'took shards')
    if (taken.length < plan.take.length) this.#wanted = true
    await this.#gain(taken)
  }

  async #gain(shards: readonly number[]): Promise<void> {
    if (shards.length === 0) return
    const fence = this.#fence
    // What the last owner committed in these rooms must be seen here before anything builds on it.
    await this.#ports.catchUp()
    if (this.#isOver(fence)) return
    for (const shard of shards) {
      this.#standing[shard] = standing.owned
      this.#owner[shard] = fence.slot
    }
    for (const listener of this.#gained) listener(shards)
  }

  #handOver(shards: readonly number[]): void {
    if (this.#handingOver !== undefined || this.#releasable.length > 0) return
    const fence = this.#fence
    this.#handingOver = this.#leave(shards).then(() => {
      this.#handingOver = undefined
      if (this.#isOver(fence)) return
      this.#releasable = this.#all((is) => is === standing.leaving)
      this.refreshSoon()
    })
  }

  /** Let go of the shards that were left. */
  async #release(session: Connection, fence: Fence): Promise<void> {
    const shards = this.#releasable
    if (shards.length === 0) return
    await releaseShards(session, fence, shards)
    if (this.#isOver(fence)) return
    this.#releasable = []
    for (const shard of shards) this.#standing[shard] = standing.foreign
    this.#ports.log.info({ shards: shards.length, slot: fence.slot }, 'handed shards over')
  }

  /** No new jobs for the shards; resolves when the old ones have ended and their writes are committed. */
  async #leave(shards: readonly number[]): Promise<void> {
    const owned = shards.filter((shard) => this.#standing[shard] === standing.owned)
    if (owned.length === 0) return
    for (const shard of owned) this.#standing[shard] = standing.leaving
    const waited = new AbortController()
    const stopped = Promise.allSettled(this.#lost.map(async (listener) => listener(owned)))
    await Promise.race([stopped, this.#ports.clock.sleep(handOverMsMax, waited.signal)])
    waited.abort()
    await this.#ports.writes.none(owned)
  }

  /** Shards that are lost already. */
  #drop(shards: readonly number[]): void {
    if (shards.length === 0) return
    for (const shard of shards) this.#standing[shard] = standing.foreign
    for (const listener of this.#lost) {
      Promise.resolve(listener(shards)).catch((error: unknown) => this.#ports.log.error({ err: error }, 'a listener failed'))
    }
  }

  #isOver(fence: Fence): boolean {
    return this.#over || this.#fence !== fence
  }

  async #session(): Promise<Connection> {
    if (this.#connection?.isOpen !== true) this.#connection = await this.#ports.connect()
    return this.#connection
  }

  #scheduleNext(ms: number): void {
    this.#cancelNext()
    if (!this.#closed && !this.#over) this.#cancelNext = this.#ports.clock.schedule(ms, () => this.refreshSoon())
  }

  #all(wanted: (is: number, shard: number) => boolean): number[] {
    const shards: number[] = []
    for (const [shard, is] of this.#standing.entries()) if (wanted(is, shard)) shards.push(shard)
    return shards
  }
}
