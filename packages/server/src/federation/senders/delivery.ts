import { isJsonObject, type ServerName } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import type { Destinations } from '../client/destinations.ts'
import type { FederationClient } from '../client/federation-client.ts'
import type { FederationFailure } from '../client/federation-result.ts'
import { backOffMsMax, hitchMs, transactionRefusalsMax } from '../limits.ts'
import { sendTransaction } from '../wire/transactions.ts'
import { assemble } from './assemble.ts'
import type { DestinationQueue } from './destination-queue.ts'
import type { Journal } from './journal.ts'
import type { MissedRooms } from './missed-rooms.ts'
import type { SenderMetrics } from './sender-metrics.ts'
import { isWorthKeeping, type Transaction } from './transaction.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly serverName: ServerName
  readonly client: Pick<FederationClient, 'call'>
  readonly destinations: Destinations
  readonly journal: Journal
  readonly metrics: SenderMetrics
  readonly missed: MissedRooms
}

/** Refusals that say that the transaction itself is not acceptable: to repeat it for ever would hold up all that follows. */
const malformedStatuses: ReadonlySet<number | undefined> = new Set([400, 413, 415, 422])

/**
 * Sends transactions, one at a time to each server. A transaction keeps its id and content until it is answered: in memory
 * while all is well, in storage from the first failure on. Server-Server API, "Transactions".
 */
export class Delivery {
  readonly #ports: Ports
  readonly #prefix: string
  readonly #abort = new AbortController()
  readonly #flying = new Set<Promise<void>>()
  #count = 0

  constructor(ports: Ports) {
    this.#ports = ports
    // Unlike those of every earlier run.
    this.#prefix = `${ports.clock.now().toString(36)}${ports.random.token(4)}`
  }

  /** Send the next transaction of what waits. Never rejects. */
  async sendNext(queue: DestinationQueue): Promise<void> {
    const sending = this.#sendNext(queue)
    this.#flying.add(sending)
    await sending
    this.#flying.delete(sending)
  }

  /** Store what flies for long, so that a crash cannot lose it. */
  keepFlying(queue: DestinationQueue): void {
    const transaction = queue.inFlight
    if (transaction !== undefined && !transaction.stored && isWorthKeeping(transaction)) this.#keep(queue, transaction)
  }

  /** Wait for what flies, then cut it and store it. */
  async stop(ms: number): Promise<void> {
    const landed = Promise.all(this.#flying)
    await Promise.race([landed, this.#ports.clock.sleep(ms)])
    this.#abort.abort()
    await landed
  }

  async #sendNext(queue: DestinationQueue): Promise<void> {
    const { clock, log } = this.#ports
    try {
      const transaction =
        (await this.#stored(queue)) ?? (await assemble({ ...this.#ports, newId: () => `${this.#prefix}${this.#count++}` }, queue))
      if (transaction === undefined) return
      if (transaction.pdus + transaction.edus === 0 && !transaction.stored) return this.#account(queue, transaction)
      queue.inFlight = transaction
      await this.#send(queue, transaction)
    } catch (err) {
      log.error({ err, server: queue.server }, 'a transaction could not be sent')
      queue.hitchUntil = clock.now() + hitchMs
    } finally {
      this.#land(queue)
    }
  }

  async #stored(queue: DestinationQueue): Promise<Transaction | undefined> {
    for (;;) {
      const id = queue.storedTransactions[0]
      if (id === undefined) return undefined
      const body = await this.#ports.journal.transactionText(queue.server, id)
      if (body !== undefined) return { id, body, pdus: 0, edus: 0, live: [], progress: [], storedEdus: [], stored: true }
      // Another process has sent it.
      queue.storedTransactions.shift()
    }
  }

  async #send(queue: DestinationQueue, transaction: Transaction): Promise<void> {
    const { client, log } = this.#ports
    const { server } = queue
    const result = await client.call(server, sendTransaction, {
      params: { txnId: transaction.id },
      body: transaction.body,
      evenIfResting: true,
      signal: this.#abort.signal,
    })
    if (!result.ok) return this.#failed(queue, transaction, result)
    this.#delivered(queue, transaction)
    const { pdus } = result.value
    const errors = isJsonObject(pdus)
      ? Object.entries(pdus).filter(([, outcome]) => isJsonObject(outcome) && outcome['error'] !== undefined)
      : []
    if (errors.length > 0) log.info({ server, events: errors.map(([eventId]) => eventId).slice(0, 10) }, 'another server refused events')
  }

  #delivered(queue: DestinationQueue, transaction: Transaction): void {
    const { destinations, journal, metrics } = this.#ports
    if (!transaction.stored) this.#account(queue, transaction)
    this.#drop(queue, transaction)
    queue.refusals = 0
    if (destinations.failing(queue.server) !== undefined) destinations.delivered(queue.server)
    if (queue.wasFailing) {
      queue.wasFailing = false
      journal.noteServer(queue.server)
    }
    metrics.delivered(transaction.pdus, transaction.edus)
    journal.touch()
  }

  #failed(queue: DestinationQueue, transaction: Transaction, failure: FederationFailure): void {
    const { destinations, clock, journal, log, metrics } = this.#ports
    metrics.failed()
    if (failure.fault === 'aborted') return
    if (failure.fault === 'busy') {
      queue.hitchUntil = clock.now() + hitchMs
      return
    }
    if (malformedStatuses.has(failure.status) && ++queue.refusals >= transactionRefusalsMax) {
      log.warn(
        { server: queue.server, transaction: transaction.id, why: failure.why },
        'another server refuses a transaction again and again: it is given up',
      )
      this.#account(queue, transaction)
      this.#drop(queue, transaction)
      queue.refusals = 0
    }
    // The client has noted it, unless the server did answer.
    const failing = destinations.failing(queue.server)
    if (failing === undefined || failing.retryAt <= clock.now()) destinations.failed(queue.server, 'refusing', retryAfterMs(failure))
    queue.wasFailing = true
    log.debug({ server: queue.server, why: failure.why }, 'a transaction failed')
    this.#ports.missed.spill(queue)
    queue.edus.clear()
    journal.noteServer(queue.server)
    if ((destinations.failing(queue.server)?.retryAt ?? 0) - clock.now() > backOffMsMax / 2) journal.notePruned(queue.server)
  }

  /** Whatever happened to it, nothing of the transaction may be lost: unless it arrived or was given up, it is kept. */
  #land(queue: DestinationQueue): void {
    const transaction = queue.inFlight
    queue.inFlight = undefined
    if (transaction === undefined || transaction.stored) return
    if (isWorthKeeping(transaction)) this.#keep(queue, transaction)
  }

  #keep(queue: DestinationQueue, transaction: Transaction): void {
    this.#account(queue, transaction)
    transaction.stored = true
    queue.storedTransactions.push(transaction.id)
    this.#ports.journal.noteTransaction(queue.server, transaction.id, transaction.body)
  }

  /** It arrived, or was given up. */
  #drop(queue: DestinationQueue, transaction: Transaction): void {
    if (queue.inFlight === transaction) queue.inFlight = undefined
    if (!transaction.stored) return
    queue.storedTransactions.splice(queue.storedTransactions.indexOf(transaction.id), 1)
    this.#ports.journal.noteTransaction(queue.server, transaction.id, undefined)
  }

  /** What the transaction holds is no longer missed. */
  #account(queue: DestinationQueue, { progress, storedEdus }: Transaction): void {
    const { journal } = this.#ports
    for (const { missed, fromPos, last } of progress) {
      missed.fromPos = fromPos
      const done = last && !missed.touched
      if (done) this.#ports.missed.remove(queue, missed)
      journal.noteMissed(missed, done)
    }
    const newest = storedEdus.at(-1)
    if (newest === undefined) return
    queue.eduPlace = newest
    journal.noteSentEdus(queue.server, storedEdus)
  }
}

/** How long a server asked to be left in peace (429 M_LIMIT_EXCEEDED). */
function retryAfterMs(failure: FederationFailure): number {
  const ms = failure.body?.['retry_after_ms']
  return failure.status === 429 && typeof ms === 'number' && ms > 0 ? ms : 0
}
