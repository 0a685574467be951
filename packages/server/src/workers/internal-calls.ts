import { MatrixError } from '../errors.ts'
import type { RequestBase } from '../http/request.ts'
import type { Clock } from '../platform/clock.ts'
import { isProvenCall, proofHeader, proveCall } from './call-proof.ts'
import type { Delivery, InternalTransport } from './internal-transport.ts'

interface Ports {
  readonly transport: InternalTransport
  readonly clock: Clock
  /** What all processes of this server know (storage/facts.ts). */
  readonly secret: string
}

/** Calls between the processes of one server: JSON, with a proof that the caller belongs to it. */
export class InternalCalls {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Send `body` to another process, within `ms`. Never rejects. */
  send(address: string, path: string, body: unknown, ms: number): Promise<Delivery> {
    const { transport, clock, secret } = this.#ports
    const text = JSON.stringify(body)
    return transport.post(address, path, { [proofHeader]: proveCall(secret, clock.now(), path, text) }, text, ms)
  }

  /** The body of a call that arrived. Throws M_FORBIDDEN if it does not come from a process of this server. */
  receive(request: Pick<RequestBase, 'headers' | 'url' | 'bodyBytes'>): unknown {
    const { clock, secret } = this.#ports
    const proof = request.headers[proofHeader]
    if (!isProvenCall(secret, clock.now(), request.url, request.bodyBytes, typeof proof === 'string' ? proof : undefined)) {
      throw new MatrixError('M_FORBIDDEN', 'this is for processes of this server only')
    }
    return JSON.parse(Buffer.from(request.bodyBytes).toString('utf8'))
  }

  close(): Promise<void> {
    return this.#ports.transport.close()
  }
}
