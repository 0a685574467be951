import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Announcement, Database } from '../storage/database.ts'

/** What work of this kind is, and how it is done. */
export interface RowWorkPlan {
  /** The kind of the announcements of units that add rows. */
  readonly kind: Announcement['kind']
  /** Works off some rows. `more`: rows are left; `later`: some of them have to be tried again after a while. */
  readonly round: () => Promise<{ readonly more: boolean; readonly later: boolean }>
  /** Milliseconds until what failed is tried again. */
  readonly retryMs: number
  /** For the log, when a round fails. */
  readonly failure: string
}

/** Work that stands in rows: one worker takes them up when some were written, and at start those that an earlier process left. */
export class RowWork {
  readonly #ports: { readonly db: Database; readonly clock: Clock; readonly log: Logger }
  readonly #plan: RowWorkPlan
  #working = false
  #again = false
  #stopped = false

  constructor(ports: { readonly db: Database; readonly clock: Clock; readonly log: Logger }, plan: RowWorkPlan) {
    this.#ports = ports
    this.#plan = plan
  }

  start(): void {
    this.#ports.db.onCommitted((announcements) => {
      if (announcements.some(({ kind }) => kind === this.#plan.kind)) this.#wake()
    })
    this.#wake()
  }

  stop(): void {
    this.#stopped = true
  }

  #wake(): void {
    this.#again = true
    if (this.#working || this.#stopped) return
    this.#working = true
    void this.#work()
  }

  async #work(): Promise<void> {
    const { log, clock } = this.#ports
    const { round, retryMs, failure } = this.#plan
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        const { more, later } = await round()
        if (more) this.#again = true
        if (later) clock.schedule(retryMs, () => this.#wake())
      }
    } catch (error) {
      log.warn({ err: error }, failure)
      clock.schedule(retryMs, () => this.#wake())
    } finally {
      this.#working = false
    }
  }
}
