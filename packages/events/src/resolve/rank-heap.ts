/** The smallest of some numbers first. For at most `capacity` numbers at a time. */
export class RankHeap {
  readonly #ranks: Int32Array
  #size = 0

  constructor(capacity: number) {
    this.#ranks = new Int32Array(capacity)
  }

  push(rank: number): void {
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = this.#at(parent)
      if (above <= rank) break
      this.#ranks[at] = above
      at = parent
    }
    this.#ranks[at] = rank
  }

  /** Takes the smallest number out. Absent when the heap is empty. */
  pop(): number | undefined {
    if (this.#size === 0) return undefined
    const top = this.#at(0)
    const last = this.#at(--this.#size)
    let at = 0
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && this.#at(child + 1) < this.#at(child)) child++
      if (this.#at(child) >= last) break
      this.#ranks[at] = this.#at(child)
      at = child
    }
    this.#ranks[at] = last
    return top
  }

  #at(index: number): number {
    return this.#ranks[index] ?? 0
  }
}
