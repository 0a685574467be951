import type { JsonObject, ServerName } from '@causeway/events'
import { receiveTransaction, type TransactionPorts } from './receive-transaction.ts'

/** Transactions of other servers, each origin's one at a time: a repetition while the first is worked on waits for its answer. */
export class Transactions {
  readonly #ports: TransactionPorts
  readonly #onTraffic: (origin: ServerName) => void
  readonly #running = new Map<string, Promise<string>>()

  /** `onTraffic` hears of each server that talks to us: a peer in back-off is alive again. */
  constructor(ports: TransactionPorts, onTraffic: (origin: ServerName) => void) {
    this.#ports = ports
    this.#onTraffic = onTraffic
  }

  /** The answer to a transaction, as JSON text. */
  receive(origin: ServerName, txnId: string, body: JsonObject): Promise<string> {
    this.#onTraffic(origin)
    const key = `${origin} ${txnId}`
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const answer = receiveTransaction(this.#ports, origin, txnId, body).finally(() => this.#running.delete(key))
    this.#running.set(key, answer)
    return answer
  }
}
