interface Due<T> {
  readonly at: number
  readonly item: T
}

/** Items by the time at which they fall due: a heap, so that thousands cost one timer. */
export class DueTimes<T> {
  readonly #heap: Due<T>[] = []

  /** The earliest time; absent when there is none. */
  get earliest(): number | undefined {
    return this.#heap[0]?.at
  }

  add(at: number, item: T): void {
    const heap = this.#heap
    const added = { at, item }
    let place = heap.length
    heap.push(added)
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent]
      if (above === undefined || above.at <= at) break
      heap[place] = above
      place = parent
    }
    heap[place] = added
  }

  /** Take the earliest item, if it is due by `now`. */
  takeDue(now: number): Due<T> | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.at > now) return undefined
    const last = heap.pop()
    if (last !== undefined && last !== first) this.#sink(last)
    return first
  }

  #sink(moved: Due<T>): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      const left = heap[2 * place + 1]
      const right = heap[2 * place + 2]
      const goesRight = left !== undefined && right !== undefined && right.at < left.at
      const child = goesRight ? right : left
      if (child === undefined || child.at >= moved.at) break
      heap[place] = child
      place = 2 * place + (goesRight ? 2 : 1)
    }
    heap[place] = moved
  }
}
