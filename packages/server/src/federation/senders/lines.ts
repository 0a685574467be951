import type { Clock, Cancel } from '../../platform/clock.ts'
import type { Destinations } from '../client/destinations.ts'
import { probesMax, timerMsMax, transactionsMax } from '../limits.ts'
import type { DestinationQueue } from './destination-queue.ts'
import { DueTimes } from './due-times.ts'

interface Ports {
  readonly clock: Clock
  readonly destinations: Destinations
  /** Send one transaction; never rejects. */
  readonly send: (queue: DestinationQueue) => Promise<void>
}

/** A line of servers that wait for a turn, and how many may have one at once. */
interface Line {
  readonly waiting: Set<DestinationQueue>
  readonly max: number
  running: number
}

/**
 * Whose turn it is to be sent to. One transaction a turn, then back to the end of the line, so that nobody's backlog holds up
 * others; servers that failed wait in a line of their own, so that those which hang cost the others nothing.
 */
export class Lines {
  readonly #ports: Ports
  readonly #well: Line = { waiting: new Set(), max: transactionsMax, running: 0 }
  readonly #failing: Line = { waiting: new Set(), max: probesMax, running: 0 }
  readonly #due = new DueTimes<DestinationQueue>()
  #cancelTimer: Cancel | undefined
  #timerAt = Infinity
  #scheduled = false
  #stopped = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Something waits for this server: it gets in line, unless it is there or being sent to, or rests. */
  enter(queue: DestinationQueue): void {
    if (queue.ready || queue.sending || this.#stopped) return
    const failing = this.#ports.destinations.failing(queue.server)
    const restsUntil = Math.max(failing?.retryAt ?? 0, queue.hitchUntil)
    if (restsUntil > this.#ports.clock.now()) return this.enterAt(queue, restsUntil)
    queue.ready = true
    queue.dueAt = undefined
    const line = failing === undefined ? this.#well : this.#failing
    line.waiting.add(queue)
    this.#soon()
  }

  /** Let a server get in line at a time of the wall clock, unless it does so sooner. */
  enterAt(queue: DestinationQueue, at: number): void {
    if (queue.ready || (queue.dueAt !== undefined && queue.dueAt <= at)) return
    queue.dueAt = at
    this.#due.add(at, queue)
    this.#arm()
  }

  /** Nobody gets a turn any more. */
  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#well.waiting.clear()
    this.#failing.waiting.clear()
  }

  /** Turns are given after what runs now, such as the acknowledgement of the very commit that brought the work. */
  #soon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#ports.clock.schedule(0, () => {
      this.#scheduled = false
      this.#give(this.#well)
      this.#give(this.#failing)
    })
  }

  #give(line: Line): void {
    for (const queue of line.waiting) {
      if (line.running >= line.max) return
      line.waiting.delete(queue)
      queue.ready = false
      queue.sending = true
      line.running += 1
      void this.#ports.send(queue).then(() => {
        line.running -= 1
        queue.sending = false
        if (queue.hasWork) this.enter(queue)
        this.#soon()
      })
    }
  }

  #arm(): void {
    const at = this.#due.earliest
    if (at === undefined || at >= this.#timerAt || this.#stopped) return
    this.#cancelTimer?.()
    this.#timerAt = at
    const { clock } = this.#ports
    this.#cancelTimer = clock.schedule(Math.min(timerMsMax, Math.max(0, at - clock.now())), () => {
      this.#timerAt = Infinity
      for (let due = this.#due.takeDue(clock.now()); due !== undefined; due = this.#due.takeDue(clock.now())) {
        // A time that was moved leaves its old entry behind.
        if (due.item.dueAt !== due.at) continue
        due.item.dueAt = undefined
        this.enter(due.item)
      }
      this.#arm()
    })
  }
}
