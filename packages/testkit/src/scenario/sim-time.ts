import type { Cancel, Clock } from '@causeway/server/src/platform/clock.ts'

interface Task {
  readonly due: number
  readonly order: number
  readonly work: () => void
  /** Whose task it is: a killed server's tasks never run. */
  readonly owner: SimClock
  cancelled: boolean
}

/** Turns of the event loop in which nothing new was scheduled before what runs is thought to be at rest. */
const quietTurns = 3

/**
 * Simulated time for a whole world: nothing moves but by `settle` and `advance`, which let everything run that is ready,
 * then go to the next thing that is due.
 */
export class SimTime {
  /** Milliseconds since 1970. */
  now = Date.UTC(2026, 0, 1)
  readonly #tasks: Task[] = []
  #order = 0

  /** Run `work` once, `ms` from now, for `owner`. */
  schedule(ms: number, work: () => void, owner: SimClock): Cancel {
    const task: Task = { due: this.now + Math.max(0, ms), order: this.#order, work, owner, cancelled: false }
    this.#order += 1
    this.#tasks.push(task)
    return () => {
      task.cancelled = true
    }
  }

  /** Let everything happen that is due within `ms` of simulated time, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      await this.#rest()
      const next = this.#next()
      if (next === undefined || next.due > end) break
      this.#tasks.splice(this.#tasks.indexOf(next), 1)
      this.now = Math.max(this.now, next.due)
      if (!next.cancelled && next.owner.alive) next.work()
    }
    this.now = end
    await this.#rest()
  }

  /** Let what runs come to rest: promises and what is to run "soon". There is no other I/O in a simulated world. */
  async #rest(): Promise<void> {
    for (let turn = 0; turn < quietTurns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  #next(): Task | undefined {
    let next: Task | undefined
    for (const task of this.#tasks) {
      if (next === undefined || task.due < next.due || (task.due === next.due && task.order < next.order)) next = task
    }
    return next
  }
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
