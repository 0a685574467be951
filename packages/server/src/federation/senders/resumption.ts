import type { ServerName } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import { abandonedSenders, adoptSender, allDestinations, senderPosition } from '../../storage/tables/destinations.ts'
import type { Destinations } from '../client/destinations.ts'
import { abandonedMsMin, startProbeMsMax, startSpreadMs } from '../limits.ts'
import type { DestinationQueue } from './destination-queue.ts'
import { findMissed } from './find-missed.ts'
import type { Journal } from './journal.ts'
import { loadWaiting } from './load-waiting.ts'
import type { MissedRooms } from './missed-rooms.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly serverName: ServerName
  readonly destinations: Destinations
  readonly journal: Journal
  readonly missed: MissedRooms
  /** The queue of a server; absent for our own name. */
  readonly queueFor: (server: string) => DestinationQueue | undefined
}

/** Takes up what was not delivered before: by this process before it stopped, or by one that is gone. */
export class Resumption {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Queue what waits for the servers of this process. Resolves with the position of its log up to which that is so. */
  async resume(): Promise<number> {
    const { db } = this.#ports
    const { slot } = db
    await this.#restoreFailing()
    await this.#load()
    await this.#replay(slot, (await senderPosition(db, slot)) ?? 0)
    return db.positions().get(slot) ?? 0
  }

  /** Milliseconds by which the first attempt of a server is put off, so that not all come at once. */
  spread(): number {
    return Math.floor((this.#ports.random.uint32() / 2 ** 32) * startSpreadMs)
  }

  /** Queue what a process left behind that is gone, and whose slot nobody took: the first to try gets it. */
  async adoptAbandoned(): Promise<void> {
    const { db, clock, log, journal } = this.#ports
    for (const { slot } of await abandonedSenders(db, db.slot, clock.now() - abandonedMsMin)) {
      await journal.flush()
      const outcome = await db.commit({ steps: adoptSender(slot, db.slot) })
      if (!outcome.committed) continue
      const [row] = outcome.results[0] ?? []
      const position = typeof row === 'object' && row !== null && 'position' in row ? Number(row.position) : 0
      log.info({ slot }, 'taking over the sending of a process that is gone')
      await this.#load()
      await this.#replay(slot, position)
    }
  }

  /** How servers failed when this one stopped. Our own absence may be why they seemed to: all but the long dead are tried soon. */
  async #restoreFailing(): Promise<void> {
    const { db, clock, destinations, journal } = this.#ports
    const now = clock.now()
    for (const row of await allDestinations(db)) {
      const kind = row.kind === 'refusing' ? 'refusing' : 'unreachable'
      const soon = now - row.failing_since < startProbeMsMax ? now + this.spread() : row.retry_at
      const failing = {
        kind,
        failures: row.failures,
        since: row.failing_since,
        triedAt: row.tried_at,
        retryAt: Math.min(row.retry_at, soon),
      } as const
      destinations.restore(row.server, failing)
      journal.noteServer(row.server)
    }
  }

  #load(): Promise<void> {
    const { db, missed, queueFor } = this.#ports
    return loadWaiting({ db, queueFor, addMissed: (queue, entry) => missed.add(queue, entry) })
  }

  /** Who may have missed the events of a log after a position of it. */
  async #replay(slot: number, position: number): Promise<void> {
    const { db, missed, queueFor, serverName } = this.#ports
    for await (const { server, room, pos } of findMissed(db, slot, position, serverName)) {
      const queue = queueFor(server)
      if (queue !== undefined) missed.miss(queue, room, pos, slot)
    }
  }
}
