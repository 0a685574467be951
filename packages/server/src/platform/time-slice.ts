import type { Clock } from './clock.ts'
import { timeSliceMs } from './limits.ts'

/**
 * Keeps long work from holding the event loop: whoever does it looks at `over` between its items, and rests when the slice is. Costs a
 * look at the clock for each item.
 */
export class TimeSlice {
  readonly #clock: Clock
  #began: number
  /** Milliseconds spent between rests so far. */
  spent = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#began = clock.monotonic()
  }

  get over(): boolean {
    return this.#clock.monotonic() - this.#began >= timeSliceMs
  }

  /** Let others have their turn, for `ms` at least, and begin a new slice. */
  async rest(ms = 0): Promise<void> {
    this.spent += this.#clock.monotonic() - this.#began
    await this.#clock.sleep(ms)
    this.#began = this.#clock.monotonic()
  }
}
