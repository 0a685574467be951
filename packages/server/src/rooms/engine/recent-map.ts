/**
 * A map of at most `max` entries that forgets what was not used for longest. Small while it holds little, unlike a cache
 * that reserves its whole size: a server has one or more for each room in memory.
 */
export class RecentMap<K, V> {
  readonly #max: number
  readonly #map = new Map<K, V>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key)
    // Order matters only once something may have to go.
    if (value !== undefined && this.#map.size > this.#max / 2) {
      this.#map.delete(key)
      this.#map.set(key, value)
    }
    return value
  }

  set(key: K, value: V): void {
    this.#map.delete(key)
    this.#map.set(key, value)
    if (this.#map.size <= this.#max) return
    for (const oldest of this.#map.keys()) {
      this.#map.delete(oldest)
      return
    }
  }

  delete(key: K): void {
    this.#map.delete(key)
  }
}
