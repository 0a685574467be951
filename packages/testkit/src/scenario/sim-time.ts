import type { Cancel, Clock } from '@causeway/server/src/platform/clock.ts'

interface Task {
  readonly due: number
  readonly order: number
  /** Absent once taken back. */
  work: (() => void) | undefined
  /** Whose task it is: a killed server's tasks never run. */
  readonly owner: SimClock | undefined
}

/**
 * Simulated time for a whole world: nothing moves but by `settle` and `advance`, which let everything run that is ready,
 * then go to the next thing that is due.
 */
export class SimTime {
  /** Milliseconds since 1970. */
  now = Date.UTC(2026, 0, 1)
  /** A heap: the parent of place n is at (n - 1) >> 1, and is due no later. */
  readonly #tasks: Task[] = []
  #order = 0
  /** What runs "soon" and has not run. */
  #soon = 0

  /** Run `work` once, `ms` from now, for `owner`; for the world itself where none is named. */
  schedule(ms: number, work: () => void, owner?: SimClock): Cancel {
    const task: Task = { due: this.now + Math.ceil(Math.max(0, ms)), order: this.#order++, work, owner }
    this.#push(task)
    return () => {
      task.work = undefined
    }
  }

  /** Run `work` after everything that is ready now. */
  soon(work: () => void): void {
    this.#soon += 1
    setImmediate(() => {
      this.#soon -= 1
      work()
    })
  }

  /** Let everything happen that is due within `ms` of simulated time, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms
    await this.#rest()
    for (let next = this.#tasks[0]; next !== undefined && next.due <= end; next = this.#tasks[0]) {
      this.#shift()
      const { work, owner } = next
      if (work === undefined || owner?.alive === false) continue
      this.now = Math.max(this.now, next.due)
      work()
      await this.#rest()
    }
    this.now = end
  }

  /**
   * Let what runs come to rest: promises and what is to run "soon". There is no other I/O in a simulated world, and all
   * promises that are ready are worked off within one turn of the event loop.
   */
  async #rest(): Promise<void> {
    do await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#soon > 0)
  }

  #push(task: Task): void {
    const tasks = this.#tasks
    let at = tasks.push(task) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = tasks[above]
      if (parent === undefined || !before(task, parent)) break
      tasks[at] = parent
      at = above
    }
    tasks[at] = task
  }

  #shift(): void {
    const tasks = this.#tasks
    const last = tasks.pop()
    if (last === undefined || tasks.length === 0) return
    let at = 0
    for (;;) {
      const [left, right] = [tasks[2 * at + 1], tasks[2 * at + 2]]
      if (left === undefined) break
      const child = right !== undefined && before(right, left) ? right : left
      if (!before(child, last)) break
      tasks[at] = child
      at = child === left ? 2 * at + 1 : 2 * at + 2
    }
    tasks[at] = last
  }
}

function before(one: Task, other: Task): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order)
}

/** One server's clock in a simulated world. It stops for ever when its server is killed. */
export class SimClock implements Clock {
  readonly #time: SimTime
  alive = true

  constructor(time: SimTime) {
    this.#time = time
  }

  now(): number {
    return this.#time.now
  }

  monotonic(): number {
    return this.#time.now
  }

  schedule(ms: number, work: () => void): Cancel {
    return this.#time.schedule(ms, work, this)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const cancel = this.schedule(ms, resolve)
      signal?.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
  }
}
