import type { Clock, Cancel } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database } from '../storage/database.ts'
import { lastOfNextSessions, purgeTransactions } from '../storage/tables/client-transactions.ts'
import { purgeInboundTransactions } from '../storage/tables/inbox.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
}

/** Milliseconds between two steps, and for which an answer is kept. */
const stepMs = 60_000
const keptMs = 24 * 60 * 60_000
/** Sessions looked at in a step: few rows at a time, so that nobody waits for the database. */
const sessionsPerStep = 100

/**
 * Forgets answers to transactions of clients and peers after a day, a little at a time: each step a stretch of sessions,
 * beginning anew when all have had their turn. Safe in several processes at once.
 */
export class PurgeAnswers {
  readonly #ports: Ports
  #session = -1
  #cancel: Cancel = () => undefined

  constructor(ports: Ports) {
    this.#ports = ports
  }

  start(): void {
    this.#cancel = this.#ports.clock.schedule(stepMs, () => void this.#step())
  }

  stop(): void {
    this.#cancel()
  }

  async #step(): Promise<void> {
    const { db, clock, log } = this.#ports
    try {
      const before = clock.now() - keptMs
      const last = await lastOfNextSessions(db, this.#session, sessionsPerStep)
      const upTo = last ?? Number.MAX_SAFE_INTEGER
      await db.commit({
        steps: [{ query: purgeTransactions(this.#session, upTo, before) }, { query: purgeInboundTransactions(before) }],
      })
      this.#session = last ?? -1
    } catch (error) {
      log.warn({ err: error }, 'old answers to transactions could not be forgotten')
    }
    this.start()
  }
}
