import { assert } from '../assert.ts'
import { rateBucketsMax } from './limits.ts'
import type { Clock } from '../platform/clock.ts'

/** How often something may happen: `burst` times at once, and `perSecond` times a second in the long run. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

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

/** All classes by name. Two more exist without being named: `none`, which limits nothing, and every class when limits are off. */
export class RateLimiter {
  readonly #classes = new Map<string, RateClass>()
  readonly #on: boolean

  constructor(rates: Readonly<Record<string, Rate>>, on: boolean, clock: Clock) {
    this.#on = on
    for (const [name, rate] of Object.entries(rates)) this.#classes.set(name, new RateClass(rate, clock))
  }

  /** The class called `name`; undefined when it limits nothing. An unknown name is our mistake. */
  find(name: string): RateClass | undefined {
    if (name === 'none') return undefined
    const found = this.#classes.get(name)
    assert(found !== undefined, `no rate is configured for the class ${name}`)
    return this.#on ? found : undefined
  }
}
