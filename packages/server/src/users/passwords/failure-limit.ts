import type { Clock } from '../../platform/clock.ts'

/** How many failures are allowed at once, and the milliseconds until one more is. */
export interface FailureRate {
  readonly max: number
  readonly ms: number
}

/**
 * Limits how often something fails for somebody. An attempt is counted as a failure when it begins and given back when it
 * succeeds, so that attempts side by side can't slip through together.
 */
export class FailureLimit {
  readonly #rate: FailureRate
  readonly #keysMax: number
  readonly #clock: Clock
  /** For each key the monotonic time (ms) at which all its failures are forgotten. The one touched longest ago comes first. */
  readonly #until = new Map<string, number>()

  constructor(rate: FailureRate, keysMax: number, clock: Clock) {
    this.#rate = rate
    this.#keysMax = keysMax
    this.#clock = clock
  }

  /** Count an attempt. Gives 0, or the milliseconds after which one may be made (then nothing was counted). */
  begin(key: string): number {
    const now = this.#clock.monotonic()
    const { max, ms } = this.#rate
    const until = Math.max(now, this.#until.get(key) ?? 0) + ms
    const excess = until - (now + max * ms)
    if (excess > 0) return excess
    this.#set(key, until)
    return 0
  }

  /** The attempt succeeded. */
  forgive(key: string): void {
    const until = (this.#until.get(key) ?? 0) - this.#rate.ms
    if (until <= this.#clock.monotonic()) this.#until.delete(key)
    else this.#set(key, until)
  }

  #set(key: string, until: number): void {
    this.#until.delete(key)
    if (this.#until.size >= this.#keysMax) {
      for (const oldest of this.#until.keys()) {
        this.#until.delete(oldest)
        break
      }
    }
    this.#until.set(key, until)
  }
}
