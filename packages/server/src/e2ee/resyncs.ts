import { parseUserId, type UserId } from '@causeway/events'
import type { Cancel, Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database } from '../storage/database.ts'
import { unsettledUsers } from '../storage/tables/device-lists.ts'
import { resyncMsMax, resyncMsMin, resyncsAtOnceMax, resyncsWaitingMax, sweepMs, sweepPageSize } from './limits.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
}

/** Runs work for users, one run a user at a time and few at once, again and again until it succeeds. Storage remembers who. */
export class Resyncs {
  readonly #ports: Ports
  readonly #settle: (userId: UserId) => Promise<boolean>
  readonly #waiting = new Set<UserId>()
  readonly #running = new Map<UserId, Promise<void>>()
  /** Failures in a row, and when to try again (monotonic milliseconds). */
  readonly #failing = new Map<UserId, { failures: number; at: number }>()
  /** Users whose list is to be kept though it was not before. */
  readonly #wanted = new Set<UserId>()
  #cancel: Cancel | undefined
  #stopped = false

  /** `settle` gives false when it has to be tried again later. */
  constructor(ports: Ports, settle: (userId: UserId) => Promise<boolean>) {
    this.#ports = ports
    this.#settle = settle
  }

  start(): void {
    const sweep = (): void => {
      if (this.#stopped) return
      this.#sweep()
        .catch((err: unknown) => this.#ports.log.warn({ err }, 'could not look for device lists to be fetched'))
        .finally(() => {
          this.#cancel = this.#ports.clock.schedule(Math.min(sweepMs, resyncMsMin), sweep)
        })
    }
    sweep()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    this.#waiting.clear()
    await Promise.race([Promise.all(this.#running.values()), this.#ports.clock.sleep(0)])
  }

  /** There is work for a user. `wanted`: their list is to be kept from now on. */
  enter(userId: UserId, wanted = false): void {
    if (this.#stopped || this.#waiting.size >= resyncsWaitingMax) return
    if (wanted) this.#wanted.add(userId)
    this.#waiting.add(userId)
    this.#drain()
  }

  isWanted(userId: UserId): boolean {
    return this.#wanted.has(userId)
  }

  #drain(): void {
    for (const userId of this.#waiting) {
      if (this.#running.size >= resyncsAtOnceMax) return
      if (this.#running.has(userId)) continue
      this.#waiting.delete(userId)
      const running = this.#run(userId).finally(() => {
        this.#running.delete(userId)
        if (!this.#stopped) this.#drain()
      })
      this.#running.set(userId, running)
    }
  }

  async #run(userId: UserId): Promise<void> {
    try {
      if (await this.#settle(userId)) {
        this.#failing.delete(userId)
        this.#wanted.delete(userId)
        return
      }
    } catch (err) {
      this.#ports.log.warn({ err, user: userId }, 'a device list could not be brought up to date')
    }
    // A list that is only wished for is asked for again when somebody wants it.
    this.#wanted.delete(userId)
    const failures = (this.#failing.get(userId)?.failures ?? 0) + 1
    const delay = Math.min(resyncMsMax, resyncMsMin * 2 ** Math.min(failures - 1, 10))
    this.#failing.set(userId, { failures, at: this.#ports.clock.monotonic() + delay })
  }

  /** Enter all that storage knows to be unsettled and that is due. */
  async #sweep(): Promise<void> {
    const now = this.#ports.clock.monotonic()
    for (let after = ''; ;) {
      const rows = await unsettledUsers(this.#ports.db, after, sweepPageSize)
      for (const { user_id: user } of rows) {
        const userId = parseUserId(user)
        if (userId === undefined) continue
        const failing = this.#failing.get(userId)
        if (failing === undefined || failing.at <= now) this.enter(userId)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < sweepPageSize) break
      after = last.user_id
    }
    // Those that are settled by now, or not followed, are forgotten.
    for (const [userId, { at }] of this.#failing) if (at + resyncMsMax * 2 < now) this.#failing.delete(userId)
  }
}
