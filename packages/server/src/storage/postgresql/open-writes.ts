/** Counts the writes of each shard that are on their way, so that a shard is handed over with none left behind. */
export class OpenWrites {
  readonly #open = new Map<number, number>()
  #waiting: (() => void)[] = []

  /** `write` is on its way until it settles. */
  track(shards: readonly number[], write: Promise<unknown>): void {
    if (shards.length === 0) return
    for (const shard of shards) this.#open.set(shard, (this.#open.get(shard) ?? 0) + 1)
    const done = (): void => {
      for (const shard of shards) {
        const left = (this.#open.get(shard) ?? 1) - 1
        if (left > 0) this.#open.set(shard, left)
        else this.#open.delete(shard)
      }
      for (const look of this.#waiting.splice(0)) look()
    }
    write.then(done, done)
  }

  /** Resolves when none of the shards' writes is on its way. */
  async none(shards: readonly number[]): Promise<void> {
    while (shards.some((shard) => this.#open.has(shard))) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
