import { parseUserId, serverOf, type ServerName, type UserId } from '@causeway/events'
import type { Destinations } from '../federation/client/destinations.ts'
import type { Cancel, Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database } from '../storage/database.ts'
import { unsettledUsers } from '../storage/tables/device-lists.ts'
import {
  resyncPausePart,
  resyncMsMax,
  resyncMsMin,
  resyncsAtOnceMax,
  resyncsPerServerMax,
  resyncsWaitingMax,
  resyncSweepMs,
  sweepPageSize,
} from './limits.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly destinations: Destinations
}

/** A user whose list could not be had. Times are monotonic milliseconds. */
interface Failing {
  readonly since: number
  /** When to try again; absent for a server that is not there: when it may be tried again at all. */
  readonly at: number | undefined
}

/**
 * Runs work for users, one run a user at a time and few at once, again and again until it succeeds. Storage remembers who. A server
 * that is away is tried as often as for events, and asked for all lists at its first sign of life.
 */
export class Resyncs {
  readonly #ports: Ports
  readonly #settle: (userId: UserId, wanted: boolean) => Promise<boolean>
  /** By server, the one that had its turn last at the end. */
  readonly #waiting = new Map<ServerName, Set<UserId>>()
  #waitingCount = 0
  readonly #running = new Map<UserId, Promise<void>>()
  readonly #runningAt = new Map<ServerName, number>()
  readonly #failing = new Map<UserId, Failing>()
  /** Users whose list is to be kept though it was not before. */
  readonly #wanted = new Set<UserId>()
  /** Whoever waits for a user's attempt. */
  readonly #ended = new Map<UserId, (() => void)[]>()
  #cancel: Cancel | undefined
  #stopped = false

  /** `settle` gives false when it has to be tried again later; `wanted`: the list is to be kept from now on. */
  constructor(ports: Ports, settle: (userId: UserId, wanted: boolean) => Promise<boolean>) {
    this.#ports = ports
    this.#settle = settle
    ports.destinations.onWake((server) => this.#wake(server))
  }

  start(): void {
    const sweep = (): void => {
      if (this.#stopped) return
      this.#sweep()
        .catch((err: unknown) => this.#ports.log.warn({ err }, 'could not look for device lists to be fetched'))
        .finally(() => {
          this.#cancel = this.#ports.clock.schedule(resyncSweepMs, sweep)
        })
    }
    sweep()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    this.#waiting.clear()
    this.#waitingCount = 0
    await Promise.race([Promise.all(this.#running.values()), this.#ports.clock.sleep(0)])
  }

  /** There is work for a user. `wanted`: their list is to be kept from now on. */
  enter(userId: UserId, wanted = false): void {
    if (this.#stopped || this.#waitingCount >= resyncsWaitingMax) return
    if (wanted) this.#wanted.add(userId)
    const server = serverOf(userId)
    const users = this.#waiting.get(server) ?? new Set()
    if (users.has(userId)) return
    this.#waiting.set(server, users.add(userId))
    this.#waitingCount += 1
    this.#drain()
  }

  /** The same for a list that is to be kept; resolves when the next attempt at it has ended. */
  fetched(userId: UserId): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#ended.get(userId)
      if (waiting === undefined) this.#ended.set(userId, [resolve])
      else waiting.push(resolve)
      this.enter(userId, true)
      if (this.#waiting.get(serverOf(userId))?.has(userId) !== true && !this.#running.has(userId)) this.#end(userId)
    })
  }

  /** Enter all that storage knows to be unsettled. */
  sweepNow(): void {
    this.#sweep().catch((err: unknown) => this.#ports.log.warn({ err }, 'could not look for device lists to be told'))
  }

  #end(userId: UserId): void {
    const waiting = this.#ended.get(userId) ?? []
    this.#ended.delete(userId)
    for (const resolve of waiting) resolve()
  }

  #drain(): void {
    for (const [server, users] of this.#waiting) {
      if (this.#running.size >= resyncsAtOnceMax) return
      const busy = this.#runningAt.get(server) ?? 0
      const userId = busy >= resyncsPerServerMax ? undefined : users.values().find((each) => !this.#running.has(each))
      if (userId === undefined) continue
      users.delete(userId)
      this.#waitingCount -= 1
      this.#waiting.delete(server)
      if (users.size > 0) this.#waiting.set(server, users)
      this.#begin(server, userId)
    }
  }

  #begin(server: ServerName, userId: UserId): void {
    this.#runningAt.set(server, (this.#runningAt.get(server) ?? 0) + 1)
    const running = this.#run(userId).finally(() => {
      this.#running.delete(userId)
      if (this.#waiting.get(server)?.has(userId) !== true) this.#end(userId)
      const left = (this.#runningAt.get(server) ?? 1) - 1
      if (left === 0) this.#runningAt.delete(server)
      else this.#runningAt.set(server, left)
      if (!this.#stopped) this.#drain()
    })
    this.#running.set(userId, running)
  }

  async #run(userId: UserId): Promise<void> {
    const { clock, log, destinations } = this.#ports
    // A list that is only wished for is asked for again when somebody wants it. A wish that comes meanwhile has its own run.
    const wanted = this.#wanted.delete(userId)
    let settled = false
    try {
      settled = await this.#settle(userId, wanted)
    } catch (err) {
      log.warn({ err, user: userId }, 'a device list could not be brought up to date')
    }
    if (settled) {
      this.#failing.delete(userId)
      return
    }
    const now = clock.monotonic()
    const since = this.#failing.get(userId)?.since ?? now
    const pause = Math.max(resyncMsMin, Math.min(resyncMsMax, (now - since) * resyncPausePart))
    if (this.#failing.size >= resyncsWaitingMax && since === now) return
    this.#failing.set(userId, { since, at: destinations.isResting(serverOf(userId)) ? undefined : now + pause })
  }

  #isDue(userId: UserId, now: number): boolean {
    const failing = this.#failing.get(userId)
    if (failing === undefined) return true
    return failing.at === undefined ? !this.#ports.destinations.isResting(serverOf(userId)) : failing.at <= now
  }

  /** A server is back: what could not be had of it is asked for now. */
  #wake(server: ServerName): void {
    for (const [userId, failing] of this.#failing) {
      if (failing.at !== undefined || serverOf(userId) !== server) continue
      this.#failing.delete(userId)
      this.enter(userId)
    }
  }

  /** Enter all that storage knows to be unsettled and that is due. */
  async #sweep(): Promise<void> {
    const { clock, destinations } = this.#ports
    const now = clock.monotonic()
    for (let after = ''; ;) {
      const rows = await unsettledUsers(this.#ports.db, after, sweepPageSize)
      for (const { user_id: user } of rows) {
        const userId = parseUserId(user)
        if (userId === undefined) continue
        if (this.#isDue(userId, now)) this.enter(userId)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < sweepPageSize) break
      after = last.user_id
    }
    // Those that are settled by now, or not followed, are forgotten.
    for (const [userId, { at }] of this.#failing) {
      const over = at === undefined ? !destinations.isResting(serverOf(userId)) : at + resyncMsMax * 2 < now
      if (over && this.#waiting.get(serverOf(userId))?.has(userId) !== true) this.#failing.delete(userId)
    }
  }
}
