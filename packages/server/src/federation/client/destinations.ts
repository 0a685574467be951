import type { ServerName } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import { backOffEarlyMs, backOffMsMax, failingServersMax, wakeMsMin } from '../limits.ts'
import { backOffMs } from './back-off.ts'

/** How a server failed. `unreachable` concerns every request; `refusing` only its transactions. */
export type FailureKind = 'unreachable' | 'refusing'

/** A server that failed lately. Times are milliseconds since 1970. */
export interface Failing {
  readonly kind: FailureKind
  /** In a row. */
  readonly failures: number
  readonly since: number
  /** When it was last tried. */
  readonly triedAt: number
  /** When it may be tried again without its own doing. */
  readonly retryAt: number
  /** It gave a sign of life since it was last tried: an attempt that fails then may have begun before. */
  readonly heard?: boolean
}

interface Ports {
  readonly clock: Clock
  readonly random: Random
}

/**
 * Which servers failed lately and are left in peace for a while. In memory; the senders keep on storage what concerns
 * servers that have something to get.
 */
export class Destinations {
  readonly #ports: Ports
  readonly #failing = new LRUCache<string, Failing>({ max: failingServersMax })
  readonly #listeners: ((server: ServerName) => void)[] = []
  /** Servers that gave a sign of life so soon after an attempt that they are tried a little later. */
  readonly #heardEarly = new Set<ServerName>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** How a server fails; absent while it is well. */
  failing(server: string): Failing | undefined {
    return this.#failing.get(server)
  }

  /** Is a server to be left in peace by what nobody waits for? */
  isResting(server: ServerName): boolean {
    const failing = this.#failing.get(server)
    return failing?.kind === 'unreachable' && failing.retryAt > this.#ports.clock.now()
  }

  /** Has it failed for so long that it is unlikely to be back, and was tried not long ago? */
  isRestingForLong(server: ServerName): boolean {
    const failing = this.#failing.get(server)
    return failing !== undefined && this.isResting(server) && this.#ports.clock.now() - failing.since >= backOffEarlyMs
  }

  /** Called with each server that gave a sign of life while it was thought to fail. */
  onWake(listener: (server: ServerName) => void): void {
    this.#listeners.push(listener)
  }

  /**
   * A server sent us something: it is worth an attempt, but whether we reach it remains to be seen. Attempts for that reason are
   * some seconds apart: one that would come too soon is made then, as there may be no other sign of life. One whose turn has come
   * may be under way, and hang since before the server was back: if it fails, the next one is made soon.
   */
  heardFrom(server: ServerName): void {
    const { clock } = this.#ports
    const failing = this.#failing.get(server)
    const now = clock.now()
    if (failing === undefined) return
    if (failing.retryAt <= now) {
      if (failing.heard !== true) this.#failing.set(server, { ...failing, heard: true })
      return
    }
    if (this.#heardEarly.has(server)) return
    const early = failing.triedAt + wakeMsMin - now
    if (early <= 0) return this.#retry(server)
    this.#heardEarly.add(server)
    clock.schedule(Math.min(early, wakeMsMin), () => {
      this.#heardEarly.delete(server)
      this.#retry(server)
    })
  }

  #retry(server: ServerName): void {
    const failing = this.#failing.get(server)
    const now = this.#ports.clock.now()
    if (failing === undefined || failing.retryAt <= now) return
    this.#failing.set(server, { ...failing, retryAt: now, heard: true })
    this.#wake(server)
  }

  /** A server answered a request of ours, whatever it said. */
  reached(server: ServerName): void {
    if (this.#failing.get(server)?.kind !== 'unreachable') return
    this.#failing.delete(server)
    this.#wake(server)
  }

  /** A server took a transaction. */
  delivered(server: ServerName): void {
    this.#failing.delete(server)
  }

  /** A server failed. `retryMs`: how long it asked to be left in peace. Many requests that fail at once count as one. */
  failed(server: ServerName, kind: FailureKind, retryMs = 0): void {
    const now = this.#ports.clock.now()
    const before = this.#failing.get(server)
    if (before !== undefined && before.retryAt > now && before.kind === kind) {
      this.#failing.set(server, { ...before, triedAt: now })
      return
    }
    const failures = (before?.failures ?? 0) + 1
    const since = before?.since ?? now
    const usual = backOffMs(failures, now - since, this.#ports.random)
    const ms = Math.max(before?.heard === true ? Math.min(usual, wakeMsMin) : usual, Math.min(retryMs, backOffMsMax))
    this.#failing.set(server, { kind, failures, since, triedAt: now, retryAt: now + ms })
  }

  /** What was known when this server stopped. */
  restore(server: string, failing: Failing): void {
    const now = this.#ports.clock.now()
    // A clock that was set back does not make anybody wait for longer than usual.
    this.#failing.set(server, { ...failing, since: Math.min(failing.since, now), retryAt: Math.min(failing.retryAt, now + backOffMsMax) })
  }

  #wake(server: ServerName): void {
    for (const listener of this.#listeners) listener(server)
  }
}
