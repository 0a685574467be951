import { limits } from '../limits.ts'
import { CommitUnknown, type Announcement, type CommitListener, type CommitOutcome, type CommitUnit } from './database.ts'

/** What became of one unit of a group. */
export type UnitOutcome = CommitOutcome | { readonly failed: string }

interface Waiting {
  readonly unit: CommitUnit
  /** The last stream position taken when the unit was queued. */
  readonly position: number
  readonly settle: (outcome: CommitOutcome) => void
  readonly fail: (error: Error) => void
}

interface Ports {
  /** Write a group in one transaction; rejects if nothing can be said of its outcome. `position`: the last one that it holds. */
  readonly write: (units: readonly CommitUnit[], position: number) => Promise<readonly UnitOutcome[]>
  /** Run soon, after what is ready now has run, so that units that arrive together travel together. */
  readonly soon: (run: () => void) => void
}

/**
 * The commit lane of this process: units queue up, one group is being written at any time, and what arrives meanwhile is
 * the next group (group commit). Stream positions are dense within the lane and become visible in order.
 */
export class CommitLane {
  readonly #ports: Ports
  readonly #listeners: CommitListener[] = []
  #queue: Waiting[] = []
  #writing = false
  #scheduled = false
  #taken: number
  #visible: number
  #idle: (() => void)[] = []

  /** `position`: the last stream position that the database holds for this slot. */
  constructor(position: number, ports: Ports) {
    this.#taken = position
    this.#visible = position
    this.#ports = ports
  }

  /** The newest position of this lane that is committed, with all before it. */
  get visible(): number {
    return this.#visible
  }

  nextPosition(): number {
    this.#taken += 1
    return this.#taken
  }

  onCommitted(listener: CommitListener): void {
    this.#listeners.push(listener)
  }

  commit(unit: CommitUnit): Promise<CommitOutcome> {
    if (this.#queue.length >= limits.commitQueueUnitsMax) {
      return Promise.reject(new CommitUnknown('too many writes are waiting for the database'))
    }
    return new Promise((settle, fail) => {
      this.#queue.push({ unit, position: this.#taken, settle, fail })
      this.#schedule()
    })
  }

  /** Resolves when nothing is queued or being written. */
  idle(): Promise<void> {
    if (!this.#writing && this.#queue.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#writing || this.#scheduled) return
    this.#scheduled = true
    this.#ports.soon(() => {
      this.#scheduled = false
      void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    while (this.#queue.length > 0) {
      const taken = this.#queue.slice(0, limits.commitGroupUnitsMax)
      this.#queue = this.#queue.slice(taken.length)
      const group = taken.filter((waiting) => !this.#refuseBroken(waiting))
      const position = taken.at(-1)?.position ?? this.#visible
      try {
        const outcomes = await this.#ports.write(
          group.map(({ unit }) => unit),
          position,
        )
        this.#visible = Math.max(this.#visible, position)
        this.#finish(group, outcomes)
      } catch (error) {
        // Nothing of the group is acknowledged. Its positions stay unused, which readers do not notice.
        this.#visible = Math.max(this.#visible, position)
        for (const waiting of group) fail(waiting, new CommitUnknown('the database did not confirm the commit', { cause: error }))
      }
    }
    this.#writing = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** A unit that builds on one that was not committed is not written. */
  #refuseBroken(waiting: Waiting): boolean {
    if (waiting.unit.chains?.some((chain) => chain.broken) !== true) return false
    fail(waiting, new CommitUnknown('an earlier write of the same room was not confirmed'))
    return true
  }

  #finish(group: readonly Waiting[], outcomes: readonly UnitOutcome[]): void {
    const announcements: Announcement[] = []
    for (const [index, waiting] of group.entries()) {
      const outcome = outcomes[index]
      if (outcome !== undefined && 'committed' in outcome && outcome.committed) announcements.push(...(waiting.unit.announcements ?? []))
    }
    for (const listener of this.#listeners) listener(announcements)
    for (const [index, waiting] of group.entries()) {
      const outcome = outcomes[index]
      if (outcome === undefined) fail(waiting, new CommitUnknown('the database gave no outcome'))
      else if ('failed' in outcome) fail(waiting, new CommitUnknown(`a write failed: ${outcome.failed}`))
      else {
        if (!outcome.committed) breakChains(waiting.unit)
        waiting.settle(outcome)
      }
    }
  }
}

function fail(waiting: Waiting, error: Error): void {
  breakChains(waiting.unit)
  waiting.fail(error)
}

/** What builds on this unit must not be written. */
export function breakChains(unit: CommitUnit): void {
  for (const chain of unit.chains ?? []) chain.broken = true
}
