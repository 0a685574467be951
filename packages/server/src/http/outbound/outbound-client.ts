import { LRUCache } from 'lru-cache'
import { Pool, type Dispatcher } from 'undici'
import type { Clock } from '../../platform/clock.ts'
import type { Names } from '../../platform/names.ts'
import type { AddressPolicy } from './address-policy.ts'
import { CheckedConnector } from './checked-connector.ts'
import { Deadline } from './deadline.ts'
import {
  connectionsPerServerMax,
  idleConnectionMsMax,
  pooledServersMax,
  requestsMax,
  requestsPerServerMax,
  responseHeaderBytesMax,
} from './limits.ts'
import { OutboundError, requestError, type OutboundFault } from './outbound-fault.ts'
import { targetKey, targetOfUrl, type OutboundTarget } from './outbound-target.ts'

/** One request of ours to somebody else's server. */
export interface OutboundRequest {
  readonly target: OutboundTarget
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Path and query as they go out. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Milliseconds for everything: names, connection, redirects, the last byte of the answer. */
  readonly deadlineMs: number
  /** A longer answer is cut off. */
  readonly responseBytesMax: number
  /** Redirects that are followed, for GET only; none otherwise. */
  readonly redirectsMax?: number
  /** May it be sent once more when a kept connection turns out to be dead? Always so for GET. */
  readonly repeatable?: boolean
  readonly signal?: AbortSignal
}

/** Header names in lower case. A header that came more than once is a list. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** No answer, and why. */
export interface OutboundFailure {
  readonly ok: false
  readonly fault: OutboundFault
  readonly why: string
}

export type OutboundResult =
  | { readonly ok: true; readonly status: number; readonly headers: ResponseHeaders; readonly body: Uint8Array }
  | OutboundFailure

/** An answer whose body is read by the caller, to its end or by leaving the loop. The body throws `OutboundError`. */
export type OutboundStream =
  | { readonly ok: true; readonly status: number; readonly headers: ResponseHeaders; readonly body: AsyncIterable<Uint8Array> }
  | OutboundFailure

interface Ports {
  readonly clock: Clock
  readonly names: Names
  readonly policy: AddressPolicy
  /** Certificates (PEM) of authorities that are trusted beside the well-known ones. */
  readonly trustedCa?: string | undefined
}

interface Server {
  readonly pool: Pool
  target: OutboundTarget
  /** Requests that wait or run. */
  requests: number
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** The pool's own origin is never looked up: the connector knows where to go, and each request says its Host. */
const placeholder = { https: 'https://pool.invalid', http: 'http://pool.invalid' } as const

/**
 * The one way out: every HTTP request of this server to somebody else's goes through here. Addresses are checked, answers
 * and times are capped, connections are kept and shared. Failures are values.
 */
export class OutboundClient {
  readonly #ports: Ports
  readonly #connector: CheckedConnector
  readonly #servers = new LRUCache<string, Server>({ max: pooledServersMax, dispose: (server) => closeQuietly(server.pool) })
  #requests = 0

  constructor(ports: Ports) {
    this.#ports = ports
    this.#connector = new CheckedConnector({ names: ports.names, policy: ports.policy, trustedCa: ports.trustedCa })
  }

  /** The whole answer. Never rejects for what others do. */
  async request(request: OutboundRequest): Promise<OutboundResult> {
    const answer = await this.open(request)
    if (!answer.ok) return answer
    const chunks: Uint8Array[] = []
    try {
      for await (const chunk of answer.body) chunks.push(chunk)
    } catch (error) {
      return failure(requestError(error))
    }
    return {
      ok: true,
      status: answer.status,
      headers: answer.headers,
      body: chunks.length === 1 ? (chunks[0] ?? new Uint8Array(0)) : Buffer.concat(chunks),
    }
  }

  /** The answer's head, and its body as a stream under the same cap and deadline. */
  async open(request: OutboundRequest): Promise<OutboundStream> {
    const deadline = new Deadline(this.#ports.clock, request.deadlineMs, request.signal)
    try {
      return { ok: true, ...(await this.#follow(request, deadline)) }
    } catch (error) {
      deadline.end()
      return failure(deadline.fault ?? requestError(error))
    }
  }

  /** Cut what is under way. */
  async close(): Promise<void> {
    const pools = [...this.#servers.values()].map(({ pool }) => pool)
    await Promise.all(pools.map((pool) => pool.destroy()))
    this.#servers.clear()
  }

  async #follow(request: OutboundRequest, deadline: Deadline): Promise<Head> {
    let { target, path } = request
    for (let hops = 0; ; hops++) {
      const head = await this.#sendTwice({ ...request, target, path }, deadline)
      const location = head.headers['location']
      if ((request.redirectsMax ?? 0) === 0 || !redirects.has(head.status) || typeof location !== 'string') return head
      for await (const _chunk of head.body) {
        // Read to its end, under the same cap, so that the connection can be kept.
      }
      const url = URL.parse(location, `${target.scheme}://${target.hostHeader}${path}`)
      const next = url === null ? undefined : targetOfUrl(url)
      if (url === null || next === undefined || (target.scheme === 'https' && next.scheme !== 'https')) {
        throw new OutboundError('redirect', 'redirected to where requests do not go')
      }
      if (hops >= (request.redirectsMax ?? 0)) throw new OutboundError('redirect', 'redirected too often')
      deadline.resume()
      target = target.onlyLoopback === true ? { ...next, onlyLoopback: true } : next
      path = `${url.pathname}${url.search}`
    }
  }

  /** A kept connection may have been closed by the other side just when the request went out: that is no failure yet. */
  async #sendTwice(request: OutboundRequest, deadline: Deadline): Promise<Head> {
    try {
      return await this.#send(request, deadline)
    } catch (error) {
      const again = request.method === 'GET' || request.repeatable === true
      if (!again || deadline.fault !== undefined || requestError(error).fault !== 'broken') throw error
      return this.#send(request, deadline)
    }
  }

  async #send(request: OutboundRequest, deadline: Deadline): Promise<Head> {
    const server = this.#serverFor(request.target)
    if (server.requests >= requestsPerServerMax || this.#requests >= requestsMax) {
      throw new OutboundError('busy', 'too many requests are under way')
    }
    server.requests += 1
    this.#requests += 1
    const end = (): void => {
      server.requests -= 1
      this.#requests -= 1
    }
    try {
      const response = await server.pool.request({
        method: request.method,
        path: request.path,
        headers: { ...request.headers, host: request.target.hostHeader },
        body: request.body ?? null,
        signal: deadline.signal,
      })
      // Read, left or cut: in the end every body is closed.
      response.body.once('close', end)
      return { status: response.statusCode, headers: response.headers, body: capped(response, request.responseBytesMax, deadline) }
    } catch (error) {
      end()
      throw error
    }
  }

  #serverFor(target: OutboundTarget): Server {
    const key = targetKey(target)
    const known = this.#servers.get(key)
    if (known !== undefined) {
      known.target = target
      return known
    }
    const server: Server = {
      target,
      requests: 0,
      pool: new Pool(placeholder[target.scheme], {
        connections: connectionsPerServerMax,
        keepAliveTimeout: idleConnectionMsMax,
        keepAliveMaxTimeout: idleConnectionMsMax,
        maxHeaderSize: responseHeaderBytesMax,
        // The deadline of each request is the only clock.
        headersTimeout: 0,
        bodyTimeout: 0,
        allowH2: false,
        connect: this.#connector.for(() => server.target),
      }),
    }
    this.#servers.set(key, server)
    return server
  }
}

interface Head {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: AsyncIterable<Uint8Array>
}

async function* capped(response: Dispatcher.ResponseData, bytesMax: number, deadline: Deadline): AsyncGenerator<Uint8Array> {
  // Faults of the stream arrive through the loop below; this keeps those that come after it was left from being nobody's.
  response.body.on('error', () => undefined)
  try {
    if (Number(response.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
    let bytes = 0
    for await (const chunk of response.body) {
      if (!(chunk instanceof Uint8Array)) continue
      bytes += chunk.byteLength
      if (bytes > bytesMax) throw tooLarge(bytesMax)
      yield chunk
    }
  } catch (error) {
    throw deadline.fault ?? requestError(error)
  } finally {
    response.body.destroy()
    deadline.end()
  }
}

function tooLarge(bytesMax: number): OutboundError {
  return new OutboundError('too-large', `the answer is longer than ${bytesMax} bytes`)
}

function failure(error: OutboundError): OutboundFailure {
  return { ok: false, fault: error.fault, why: error.message }
}

function closeQuietly(pool: Pool): void {
  // It ends with its last request. A pool that is cut meanwhile says so here, which is no news.
  pool.close().catch(() => undefined)
}
