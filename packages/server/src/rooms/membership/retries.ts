/** How many pieces of work wait for another attempt at once; further ones are given up instead. */
export class Retries {
  readonly #max: number
  #waiting = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Wait by `sleep`, if there is room for one more. Tells whether it did. */
  async wait(sleep: () => Promise<void>): Promise<boolean> {
    if (this.#waiting >= this.#max) return false
    this.#waiting += 1
    try {
      await sleep()
    } finally {
      this.#waiting -= 1
    }
    return true
  }
}
