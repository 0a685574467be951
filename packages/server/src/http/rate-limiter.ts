import { assert } from '../assert.ts'
import { rateBucketsMax } from './limits.ts'
import type { Rate, RateClassName } from '../config/sections/rates.ts'
import type { Clock } from '../platform/clock.ts'

interface Bucket {
  tokens: number
  /** Monotonic milliseconds at which `tokens` was right. */
  at: number
}

/** A bucket that was touched within this time (ms) keeps its place in the order of eviction. */
const settledMs = 1000

/** The token buckets of one class: one for each user, server or address. */
export class RateClass {
  readonly #rate: Rate
  readonly #clock: Clock
  /** The one touched longest ago comes first, within `settledMs`. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate, clock: Clock) {
    assert(rate.perSecond > 0 && rate.burst >= 1, 'a rate lets something through')
    this.#rate = rate
    this.#clock = clock
  }

  /** Take one token of `who`. Gives 0, or the milliseconds after which it is worth trying again (then nothing was taken). */
  take(who: string): number {
    const now = this.#clock.monotonic()
    const { perSecond, burst } = this.#rate
    let bucket = this.#buckets.get(who)
    if (bucket === undefined) {
      bucket = { tokens: burst, at: now }
      this.#insert(who, bucket)
    } else {
      const idleMs = now - bucket.at
      bucket.tokens = Math.min(burst, bucket.tokens + (idleMs * perSecond) / 1000)
      bucket.at = now
      if (idleMs > settledMs) {
        this.#buckets.delete(who)
        this.#insert(who, bucket)
      }
    }
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1000) / perSecond)
    bucket.tokens -= 1
    return 0
  }

  #insert(who: string, bucket: Bucket): void {
    if (this.#buckets.size >= rateBucketsMax) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest)
        break
      }
    }
    this.#buckets.set(who, bucket)
  }
}

/** All classes by name. */
export class RateLimiter {
  readonly #classes: ReadonlyMap<string, RateClass>
  readonly #on: boolean

  constructor(rates: Readonly<Record<RateClassName, Rate>>, on: boolean, clock: Clock) {
    this.#on = on
    this.#classes = new Map(Object.entries(rates).map(([name, rate]) => [name, new RateClass(rate, clock)]))
  }

  /** The class called `name`; undefined when it limits nothing: `none`, and every one when limits are off. */
  find(name: RateClassName | 'none'): RateClass | undefined {
    return this.#on ? this.#classes.get(name) : undefined
  }
}
