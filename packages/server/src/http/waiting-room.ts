/**
 * The requests that wait for something to happen. Only `max` may wait: one more, and the one that waits longest is asked
 * to answer empty at once, so that idle clients cost a bounded amount of memory (performance target: 32 kB each).
 */
export class WaitingRoom {
  readonly #max: number
  #closed = false
  /** In order of arrival: a Set keeps it. */
  readonly #waiting = new Set<{ readonly release: () => void }>()

  constructor(max: number) {
    this.#max = max
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size
  }

  /**
   * Begin to wait. `release` is called at most once, when the request must answer with what it has; at once when the
   * server stops. Gives the function that ends the wait; call it whatever happens.
   */
  enter(release: () => void): () => void {
    if (this.#closed) {
      release()
      return () => undefined
    }
    const place = { release }
    this.#waiting.add(place)
    if (this.#waiting.size > this.#max) this.#releaseOldest()
    return () => {
      this.#waiting.delete(place)
    }
  }

  /** Release everybody, and whoever comes: the server stops. */
  close(): void {
    this.#closed = true
    while (this.#waiting.size > 0) this.#releaseOldest()
  }

  #releaseOldest(): void {
    for (const place of this.#waiting) {
      this.#waiting.delete(place)
      place.release()
      return
    }
  }
}
