import type { Cancel, Clock } from '../../platform/clock.ts'
import { OutboundError } from './outbound-fault.ts'

/** The time that a request may take, and the caller's own wish to end it. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #clock: Clock
  readonly #until: number
  readonly #outer: AbortSignal | undefined
  readonly #onAbort = (): void => this.#stop(new OutboundError('aborted', 'the request was given up'))
  #cancel: Cancel = () => undefined
  fault: OutboundError | undefined

  constructor(clock: Clock, ms: number, outer: AbortSignal | undefined) {
    this.#clock = clock
    this.#until = clock.monotonic() + ms
    this.#outer = outer
    this.resume()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Watch again, for the next hop. */
  resume(): void {
    this.#cancel = this.#clock.schedule(Math.max(0, this.#until - this.#clock.monotonic()), () =>
      this.#stop(new OutboundError('timeout', 'no answer in time')),
    )
    if (this.#outer?.aborted === true) this.#onAbort()
    else this.#outer?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Nothing is under way. */
  end(): void {
    this.#cancel()
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }

  #stop(fault: OutboundError): void {
    if (this.fault !== undefined) return
    this.fault = fault
    this.#controller.abort(fault)
  }
}
