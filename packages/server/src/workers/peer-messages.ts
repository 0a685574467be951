import { MatrixError } from '../errors.ts'
import { endpoint, type Endpoint } from '../http/endpoint.ts'
import type { Logger } from '../platform/logger.ts'
import type { InternalCalls } from './internal-calls.ts'
import { callBytesMax, messageMsMax } from './limits.ts'
import type { Ownership } from './ownership.ts'

/** Takes a message of another process. `body` is what JSON left of it: check it. */
export type MessageListener = (body: unknown) => void

const path = '/_causeway/internal/message'

/**
 * Messages to all other processes of this server, for what lives in memory only (typing, presence). Nobody waits for them,
 * and one that does not arrive is not sent again.
 */
export class PeerMessages {
  readonly #calls: InternalCalls
  readonly #ownership: Ownership
  readonly #log: Logger
  readonly #listeners = new Map<string, MessageListener[]>()

  constructor(ports: { readonly calls: InternalCalls; readonly ownership: Ownership; readonly log: Logger }) {
    this.#calls = ports.calls
    this.#ownership = ports.ownership
    this.#log = ports.log
  }

  /** Take the messages called `name`. */
  on(name: string, listener: MessageListener): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
  }

  /** Send a message to every other process. */
  tell(name: string, body: unknown): void {
    for (const { address } of this.#ownership.peers()) {
      void this.#calls.send(address, path, { name, body }, messageMsMax).then((delivery) => {
        if (delivery.kind !== 'answered' || delivery.status !== 200) {
          this.#log.debug({ address, name, delivery }, 'a message to another process was lost')
        }
      })
    }
  }

  /** Where other processes send theirs. Mounted on the internal listener alone. */
  endpoint(): Endpoint<unknown> {
    return endpoint({
      method: 'POST',
      path,
      summary: 'Take a message of another process of this server.',
      auth: 'none',
      limit: 'none',
      rawBody: true,
      bodyBytesMax: callBytesMax,
      handle: (request) => {
        const message = this.#calls.receive(request)
        if (typeof message !== 'object' || message === null || !('name' in message) || typeof message.name !== 'string') {
          throw new MatrixError('M_BAD_JSON', 'not a message')
        }
        const body = 'body' in message ? message.body : undefined
        for (const listener of this.#listeners.get(message.name) ?? []) listener(body)
        return {}
      },
    })
  }
}
