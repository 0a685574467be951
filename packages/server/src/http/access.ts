import type { Logger } from '../platform/logger.ts'
import type { Counter, Histogram, Metrics } from '../platform/metrics.ts'

/** Seconds. A long-poll is measured like any other request; its route tells it apart. */
const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The numbers kept for one route. */
export class RouteMetrics {
  readonly #metrics: Metrics
  readonly #route: string
  readonly #method: string
  readonly #byStatus = new Map<number, Counter>()
  #seconds: Histogram | undefined

  constructor(metrics: Metrics, method: string, route: string) {
    this.#metrics = metrics
    this.#method = method
    this.#route = route
  }

  /** Count one answer. A route that was never called takes no room in the metrics. */
  count(status: number, ms: number): void {
    const labels = { method: this.#method, route: this.#route }
    let counter = this.#byStatus.get(status)
    if (counter === undefined) {
      counter = this.#metrics.counter('causeway_http_requests_total', 'Requests answered, by route and status.', {
        ...labels,
        status: String(status),
      })
      this.#byStatus.set(status, counter)
    }
    counter.add()
    this.#seconds ??= this.#metrics.histogram('causeway_http_request_seconds', 'Time until the answer.', secondsBounds, labels)
    this.#seconds.observe(ms / 1000)
  }
}

/** One line for one request: its id, route, status and milliseconds; the address only if the operator wants it. */
export function logRequest(
  log: Logger,
  line: { readonly id: string; readonly method: string; readonly route: string; readonly status: number; readonly ms: number },
  address: string | undefined,
): void {
  const fields = {
    request: line.id,
    method: line.method,
    route: line.route,
    status: line.status,
    ms: Math.round(line.ms * 10) / 10,
  }
  log.info(address === undefined ? fields : { ...fields, address }, 'request')
}
