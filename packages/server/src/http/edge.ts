import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { assert } from '../assert.ts'
import { MatrixError } from '../errors.ts'
import { bodyMsMax, discardedBytesMax, waitingRequestsMax } from './limits.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Random } from '../platform/random.ts'
import { logRequest, RouteMetrics } from './access.ts'
import { addressKey, addressOf } from './address.ts'
import { announcedBytes, checkBodyHeaders, ClientGone, parseJsonBody, readBody } from './body.ts'
import type { Endpoint, HandlerResult } from './endpoint.ts'
import { Exchange } from './exchange.ts'
import { identifyServer, identifyUser, type Identify } from './identify.ts'
import { mountEndpoint, pathsOf, type Mounted } from './mounted.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { Reply, StreamReply } from './reply.ts'
import { readParams, Router, type Found } from './router.ts'
import { WaitingRoom } from './waiting-room.ts'
import { corsHeaders, writeError, writeReply, writeStream } from './write-reply.ts'

export interface EdgeOptions<Services> {
  readonly endpoints: readonly Endpoint<Services>[]
  readonly services: Services
  readonly identify: Identify
  readonly rates: RateLimiter
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  /** Is X-Forwarded-For written by a proxy of the operator's? */
  readonly trustProxy: boolean
  /** Do log lines show where a request came from? */
  readonly logAddresses: boolean
}

/** Which endpoints a listener answers, and how. */
export interface MountOptions {
  only(endpoint: Endpoint<never>): boolean
  /** Browsers may read the answers (Client-Server API, "Web Browser Clients"). */
  readonly cors: boolean
  /** Is it the unix socket, which only the operator can open? Endpoints with `auth: 'socket'` are mounted nowhere else. */
  readonly socket: boolean
}

interface Surface<Services> {
  readonly router: Router<Mounted<Services>>
  readonly common: readonly string[]
  readonly cors: boolean
}

/** Milliseconds between two looks for requests whose deadline has passed. */
const sweepMs = 1000

const preflight = new Reply(204, [], '')

/**
 * What stands between the sockets and the operations: it finds the operation, tells who calls, keeps the limits, reads and
 * checks what was sent, answers, and writes one line in the log.
 */
export class Edge<Services> {
  readonly waiting = new WaitingRoom(waitingRequestsMax)
  readonly #options: EdgeOptions<Services>
  readonly #mounted: readonly Mounted<Services>[]
  readonly #unmatched: RouteMetrics
  /** In order of arrival, so that the deadlines ascend. */
  readonly #running = new Map<Exchange, () => void>()
  readonly #idPrefix: string
  #idCount = 0
  #sweeping = false
  #stopping = false
  #idle: (() => void) | undefined

  constructor(options: EdgeOptions<Services>) {
    this.#options = options
    this.#mounted = options.endpoints.map((endpoint) => mountEndpoint(endpoint, options.rates, options.metrics))
    this.#unmatched = new RouteMetrics(options.metrics, 'any', 'unmatched')
    this.#idPrefix = options.random.token(4)
    options.metrics.gauge('causeway_http_requests_running', 'Requests not answered yet.', () => this.#running.size)
    options.metrics.gauge('causeway_http_requests_waiting', 'Long-polls that wait.', () => this.waiting.size)
  }

  /** Requests that are not answered yet. */
  get running(): number {
    return this.#running.size
  }

  /** What a listener calls for each request. */
  mount(options: MountOptions): RequestListener {
    const router = new Router<Mounted<Services>>()
    for (const mounted of this.#mounted) {
      if (!options.only(mounted.endpoint)) continue
      assert(mounted.endpoint.auth !== 'socket' || options.socket, `${mounted.endpoint.path} is for the unix socket only`)
      for (const path of pathsOf(mounted.endpoint)) router.add(mounted.endpoint.method, path, mounted)
    }
    const surface = { router, common: options.cors ? corsHeaders : [], cors: options.cors }
    return (request, response) => void this.#serve(surface, request, response)
  }

  /** Answer what runs, let nobody wait any longer, and close each connection with its next answer. Resolves when all are answered. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.waiting.close()
    if (this.#running.size === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  /** Never rejects: whatever goes wrong becomes an answer. */
  async #serve(surface: Surface<Services>, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, log, trustProxy } = this.#options
    const exchange = new Exchange(request, response, {
      id: `${this.#idPrefix}${(this.#idCount++).toString(36)}`,
      address: addressOf(request, trustProxy),
      waiting: this.waiting,
      startedAt: clock.monotonic(),
      log,
    })
    if (this.#stopping) response.shouldKeepAlive = false
    const found = this.#find(surface, exchange)
    const mounted = found.kind === 'found' ? found.value : undefined
    this.#running.set(exchange, () => this.#answerError(exchange, surface, mounted, request, response, timedOut()))
    this.#keepSweeping()
    try {
      const result = await this.#answer(surface, found, exchange, request, response)
      if (result instanceof StreamReply) await this.#stream(exchange, surface, mounted, response, result)
      else if (!exchange.answered) this.#settle(exchange, mounted, writeReply(response, result, surface.common))
    } catch (error) {
      this.#answerError(exchange, surface, mounted, request, response, error)
    }
  }

  async #stream(
    exchange: Exchange,
    surface: Surface<Services>,
    mounted: Mounted<Services> | undefined,
    response: ServerResponse,
    reply: StreamReply,
  ): Promise<void> {
    if (exchange.answered || exchange.gone) await reply.body.close()
    else await writeStream(response, reply, surface.common, exchange.method === 'HEAD')
    if (!exchange.answered) this.#settle(exchange, mounted, exchange.gone && !response.writableFinished ? 499 : reply.status)
  }

  #find(surface: Surface<Services>, exchange: Exchange): Found<Mounted<Services>> {
    const mark = exchange.url.indexOf('?')
    const path = mark < 0 ? exchange.url : exchange.url.slice(0, mark)
    return surface.router.find(exchange.method === 'HEAD' ? 'GET' : exchange.method, path)
  }

  async #answer(
    surface: Surface<Services>,
    found: Found<Mounted<Services>>,
    exchange: Exchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<HandlerResult> {
    if (found.kind === 'unknown') throw new MatrixError('M_UNRECOGNIZED', 'there is nothing at this path')
    if (surface.cors && exchange.method === 'OPTIONS') return preflight
    if (found.kind === 'wrong method') {
      response.setHeader('Allow', found.allowed.join(', '))
      throw new MatrixError('M_UNRECOGNIZED', 'this path has no such method', { status: 405 })
    }

    const mounted = found.value
    const { endpoint } = mounted
    exchange.queryReader = mounted.queryReader
    exchange.msMax = endpoint.msMax ?? exchange.msMax
    if (mounted.readsBody || endpoint.streamsBody) checkBodyHeaders(exchange.headers, mounted.readsBody && !endpoint.rawBody)
    if (endpoint.auth !== 'server') {
      await this.#identify(mounted, exchange)
      this.#limit(mounted, exchange)
    }
    exchange.params = readParams(found.readers, found.values, mounted.absentParam)
    if (mounted.readsBody) {
      exchange.receiving = true
      exchange.bodyBytes = await readBody(request, response, mounted.bodyBytesMax)
      exchange.receiving = false
    }
    if (endpoint.auth === 'server') {
      await this.#identify(mounted, exchange)
      this.#limit(mounted, exchange)
    }
    if (mounted.bodyCheck !== undefined && !endpoint.rawBody) {
      exchange.body = parseJsonBody(exchange.bodyBytes)
      const fault = mounted.bodyCheck.fault(exchange.body)
      if (fault !== undefined) throw new MatrixError('M_BAD_JSON', `${fault.field === '' ? 'the body' : fault.field} ${fault.why}`)
    }
    // Caller, parameters, query and body are by now what the declaration says.
    return endpoint.handle(exchange, this.#options.services)
  }

  async #identify(mounted: Mounted<Services>, exchange: Exchange): Promise<void> {
    const { auth } = mounted.endpoint
    const { identify } = this.#options
    if (auth === 'none') return
    if (auth === 'socket') exchange.caller = { kind: 'socket' }
    else if (auth === 'server') exchange.caller = await identifyServer(identify, exchange)
    else exchange.caller = await identifyUser(identify, exchange, auth)
  }

  #limit(mounted: Mounted<Services>, exchange: Exchange): void {
    if (mounted.rate === undefined) return
    const { caller } = exchange
    if (caller?.kind === 'socket') return
    const who = caller === undefined ? addressKey(exchange.address) : caller.kind === 'user' ? caller.userId : caller.serverName
    const retryAfterMs = mounted.rate.take(who)
    if (retryAfterMs > 0) throw new MatrixError('M_LIMIT_EXCEEDED', 'too many requests', { extra: { retry_after_ms: retryAfterMs } })
  }

  #answerError(
    exchange: Exchange,
    surface: Surface<Services>,
    mounted: Mounted<Services> | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    error: unknown,
  ): void {
    if (exchange.answered) return
    if (error instanceof ClientGone || exchange.gone) return this.#settle(exchange, mounted, 499)
    if (response.headersSent) {
      // The answer began and cannot go on: all that can be said is that it is not whole.
      this.#options.log.warn({ err: error, request: exchange.id }, 'an answer was cut off')
      response.destroy()
      return this.#settle(exchange, mounted, 499)
    }
    const told = error instanceof MatrixError ? error : new MatrixError('M_UNKNOWN', `internal error (request ${exchange.id})`)
    if (told !== error) this.#options.log.error({ err: error, request: exchange.id }, 'a request failed')
    const unread = request.complete ? 0 : (announcedBytes(request.headers) ?? Infinity)
    writeError(response, told, surface.common, unread > discardedBytesMax)
    this.#settle(exchange, mounted, told.status)
    exchange.abort()
  }

  #settle(exchange: Exchange, mounted: Mounted<Services> | undefined, status: number): void {
    const { clock, log, logAddresses } = this.#options
    exchange.answered = true
    this.#running.delete(exchange)
    const ms = clock.monotonic() - exchange.startedAt
    ;(mounted?.metrics ?? this.#unmatched).count(status, ms)
    const route = mounted?.endpoint.path ?? 'unmatched'
    logRequest(log, { id: exchange.id, method: exchange.method, route, status, ms }, logAddresses ? exchange.address : undefined)
    if (this.#running.size === 0) this.#idle?.()
  }

  #keepSweeping(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#options.clock.schedule(sweepMs, () => {
      this.#sweeping = false
      const now = this.#options.clock.monotonic()
      for (const [exchange, expire] of this.#running) {
        const age = now - exchange.startedAt
        if (age < bodyMsMax) break
        if (exchange.receiving || age >= exchange.msMax) expire()
      }
      if (this.#running.size > 0) this.#keepSweeping()
    })
  }
}

function timedOut(): MatrixError {
  return new MatrixError('M_UNKNOWN', 'the request took too long', { status: 504 })
}
