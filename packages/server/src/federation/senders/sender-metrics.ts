import type { Counter, Metrics } from '../../platform/metrics.ts'

/** What monitoring reads of the senders. */
export class SenderMetrics {
  readonly #delivered: Counter
  readonly #failed: Counter
  readonly #pdus: Counter
  readonly #edus: Counter

  /** `waiting`: servers for which something waits; `failing`: those of them that fail. */
  constructor(metrics: Metrics, waiting: () => number, failing: () => number) {
    const transactions = 'causeway_federation_transactions_total'
    const help = 'Transactions sent to other servers, by outcome'
    this.#delivered = metrics.counter(transactions, help, { outcome: 'delivered' })
    this.#failed = metrics.counter(transactions, help, { outcome: 'failed' })
    this.#pdus = metrics.counter('causeway_federation_sent_pdus_total', 'Events that other servers took')
    this.#edus = metrics.counter('causeway_federation_sent_edus_total', 'Ephemeral data units that other servers took')
    metrics.gauge('causeway_federation_waiting_servers', 'Servers for which something waits', waiting)
    metrics.gauge('causeway_federation_failing_servers', 'Servers for which something waits and that fail', failing)
  }

  delivered(pdus: number, edus: number): void {
    this.#delivered.add()
    this.#pdus.add(pdus)
    this.#edus.add(edus)
  }

  failed(): void {
    this.#failed.add()
  }
}
