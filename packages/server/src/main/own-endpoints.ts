import { endpoint, type Endpoint } from '../http/endpoint.ts'
import { Reply } from '../http/reply.ts'
import type { Metrics } from '../platform/metrics.ts'

/** `GET /health`, for load balancers and for the command line: it answers as long as requests are answered at all. */
export const health = endpoint({
  method: 'GET',
  path: '/health',
  summary: 'Say that the server answers.',
  auth: 'none',
  limit: 'none',
  handle: () => ({ status: 'ok' }),
})

/** `GET /metrics`, in Prometheus' text format. */
export function metricsEndpoint(metrics: Metrics): Endpoint<unknown> {
  return endpoint({
    method: 'GET',
    path: '/metrics',
    summary: "The server's numbers, for monitoring.",
    auth: 'none',
    limit: 'none',
    handle: () => new Reply(200, ['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'], metrics.text()),
  })
}
