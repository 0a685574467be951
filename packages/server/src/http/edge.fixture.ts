import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'
import { parseServerName, parseUserId } from '@causeway/events'
import { assert } from '../assert.ts'
import { MatrixError } from '../errors.ts'
import { realClock, type Clock } from '../platform/clock.ts'
import { openHttpListener, type HttpListener } from '../platform/http-listener.ts'
import type { LogFields, Logger } from '../platform/logger.ts'
import { Metrics } from '../platform/metrics.ts'
import { realRandom } from '../platform/random.ts'
import { Edge } from './edge.ts'
import type { Endpoint } from './endpoint.ts'
import type { Identify } from './identify.ts'
import { RateLimiter } from './rate-limiter.ts'

/** A clock that a test moves. */
export class HandClock implements Clock {
  ms = 1_000_000
  readonly #due: { readonly at: number; readonly work: () => void }[] = []

  now(): number {
    return this.ms
  }
  monotonic(): number {
    return this.ms
  }
  schedule(ms: number, work: () => void): () => void {
    const entry = { at: this.ms + ms, work }
    this.#due.push(entry)
    return () => {
      const index = this.#due.indexOf(entry)
      if (index >= 0) this.#due.splice(index, 1)
    }
  }
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(ms, resolve))
  }
  /** Let `ms` pass and run what falls due. */
  advance(ms: number): void {
    this.ms += ms
    for (const entry of this.#due.filter(({ at }) => at <= this.ms)) {
      this.#due.splice(this.#due.indexOf(entry), 1)
      entry.work()
    }
  }
}

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: LogFields
}

function recordingLogger(lines: LogLine[], own: LogFields = {}): Logger {
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, message, fields: { ...own, ...fields } })
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(lines, { ...own, ...fields }),
  }
}

/** Tokens are `token-of-<localpart>`; a signature is the name of its server. */
const identify: Identify = {
  user: (token) => {
    const userId = parseUserId(`@${token.replace('token-of-', '')}:here`)
    if (!token.startsWith('token-of-') || userId === undefined) return new MatrixError('M_UNKNOWN_TOKEN', 'unknown token')
    return { kind: 'user', userId, deviceId: 'D', sessionId: 1, scopes: [], admin: token === 'token-of-root' }
  },
  server: async ({ authorization }) => {
    const serverName = parseServerName(authorization[0]?.replace('X-Matrix origin=', '') ?? '')
    if (serverName === undefined) return new MatrixError('M_UNAUTHORIZED', 'bad signature')
    return { kind: 'server', serverName, content: undefined }
  },
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
}

export interface TestEdge {
  readonly edge: Edge<unknown>
  readonly listener: HttpListener
  readonly log: LogLine[]
  readonly metrics: Metrics
  send(method: string, path: string, options?: SendOptions): Promise<Answer>
}

interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
}

const plenty = { perSecond: 1000, burst: 1000 }
/** Plenty of everything; the test of limits uses `login`. */
const rates = {
  read: plenty,
  sync: plenty,
  write: plenty,
  search: plenty,
  join: plenty,
  create: plenty,
  login: plenty,
  register: plenty,
  media: plenty,
  federation: plenty,
  federation_join: plenty,
}

/** An edge over real sockets with `endpoints` mounted, gone at the end of the test. */
export async function testEdge(
  t: TestContext,
  endpoints: readonly Endpoint<unknown>[],
  options: { readonly clock?: Clock; readonly trustProxy?: boolean; readonly logAddresses?: boolean } = {},
): Promise<TestEdge> {
  const log: LogLine[] = []
  const metrics = new Metrics()
  const clock = options.clock ?? realClock
  const edge = new Edge<unknown>({
    endpoints,
    services: {},
    identify,
    rates: new RateLimiter({ ...rates, login: { perSecond: 1, burst: 2 } }, true, clock),
    clock,
    random: realRandom(),
    log: recordingLogger(log),
    metrics,
    trustProxy: options.trustProxy ?? false,
    logAddresses: options.logAddresses ?? false,
  })
  const listener = await openHttpListener({ host: '127.0.0.1', port: 0 }, edge.mount({ only: () => true, cors: true, socket: false }))
  t.after(async () => {
    listener.cut()
    await listener.close()
  })
  return { edge, listener, log, metrics, send: (method, path, sent) => send(listener.port, method, path, sent) }
}

/** One request on a connection of its own, the path exactly as given. */
function send(port: number, method: string, path: string, options: SendOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', method, path, headers: options.headers, agent: false, signal: options.signal })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        assert(response.statusCode !== undefined, 'an answer has a status')
        resolve({ status: response.statusCode, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : {} })
      })
    })
    request.end(options.body)
  })
}
