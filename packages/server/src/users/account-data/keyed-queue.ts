/** Runs work one after another for each key. What waits is bounded by the requests that run at once. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Run `work` after what was given before for this key, whatever became of that. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const result = before === undefined ? work() : before.then(work, work)
    this.#last.set(key, result)
    const done = (): void => {
      if (this.#last.get(key) === result) this.#last.delete(key)
    }
    result.then(done, done)
    return result
  }
}
