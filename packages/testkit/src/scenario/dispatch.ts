import { MatrixError } from '@causeway/server/src/errors.ts'
import type { Endpoint } from '@causeway/server/src/http/endpoint.ts'
import type { Identify } from '@causeway/server/src/http/identify.ts'
import { identifyServer, identifyUser } from '@causeway/server/src/http/identify.ts'
import { mountEndpoint, pathsOf, type Mounted } from '@causeway/server/src/http/mounted.ts'
import { parsePlainQuery } from '@causeway/server/src/http/query.ts'
import { RateLimiter } from '@causeway/server/src/http/rate-limiter.ts'
import { Reply, StreamReply } from '@causeway/server/src/http/reply.ts'
import { readParams, Router } from '@causeway/server/src/http/router.ts'
import { WaitingRoom } from '@causeway/server/src/http/waiting-room.ts'
import type { Clock } from '@causeway/server/src/platform/clock.ts'
import { silentLogger } from '@causeway/server/src/platform/logger.ts'
import { Metrics } from '@causeway/server/src/platform/metrics.ts'
import type { WireAnswer, WireRequest } from './sim-network.ts'

interface Parts<Services> {
  readonly endpoints: readonly Endpoint<Services>[]
  readonly services: Services
  readonly identify: Identify
  readonly clock: Clock
}

const rate = { perSecond: 1, burst: 1 }
/** Never asked: each endpoint is mounted without a limit. */
const noRates = {
  create: rate,
  federation: rate,
  federation_join: rate,
  join: rate,
  login: rate,
  media: rate,
  read: rate,
  register: rate,
  search: rate,
  sync: rate,
  write: rate,
}

const preparedMounts = new WeakMap<object, Mounted<never>>()

/**
 * The HTTP edge without HTTP, for simulated worlds: the same router, parameters, checks and callers, but no sockets, no
 * limits and no deadlines.
 */
export class Dispatcher<Services> {
  readonly #router = new Router<Mounted<Services>>()
  readonly #parts: Parts<Services>
  readonly #waiting = new WaitingRoom(1_000)
  #count = 0

  constructor(parts: Parts<Services>) {
    this.#parts = parts
    for (const endpoint of parts.endpoints) {
      const mounted = this.#mount(endpoint)
      for (const path of pathsOf(endpoint)) this.#router.add(endpoint.method, path, mounted)
    }
  }

  /** Preparing an endpoint is dear, and the same for every server of a world. */
  #mount(endpoint: Endpoint<Services>): Mounted<Services> {
    const rates = new RateLimiter(noRates, false, this.#parts.clock)
    const prepared = preparedMounts.get(endpoint) ?? mountEndpoint<never>({ ...endpoint, limit: 'none' }, rates, new Metrics())
    preparedMounts.set(endpoint, prepared)
    return { ...prepared, endpoint }
  }

  /** Answer a request as the edge would. Never rejects. */
  async answer(request: WireRequest): Promise<WireAnswer> {
    try {
      const result = await this.#handle(request)
      if (result instanceof StreamReply) return { status: result.status, body: await textOf(result) }
      if (result instanceof Reply) {
        const body = typeof result.body === 'string' ? result.body : new TextDecoder().decode(result.body)
        return { status: result.status, body }
      }
      return { status: 200, body: JSON.stringify(result) }
    } catch (error) {
      if (error instanceof MatrixError) return { status: error.status, body: JSON.stringify(error.toJSON()) }
      return {
        status: 500,
        body: JSON.stringify({ errcode: 'M_UNKNOWN', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      }
    }
  }

  async #handle(request: WireRequest): Promise<unknown> {
    const mark = request.path.indexOf('?')
    const path = mark < 0 ? request.path : request.path.slice(0, mark)
    const queryText = mark < 0 ? '' : request.path.slice(mark + 1)
    const found = this.#router.find(request.method, path)
    if (found.kind !== 'found') throw new MatrixError('M_UNRECOGNIZED', 'there is nothing at this path')
    const { endpoint, queryReader, bodyCheck } = found.value
    this.#count += 1
    const bodyText = request.body
    const base = {
      id: `sim${this.#count}`,
      method: request.method,
      url: request.path,
      headers: request.headers,
      rawHeaders: Object.entries(request.headers).flat(),
      address: '127.0.0.1',
      signal: new AbortController().signal,
      waiting: this.#waiting,
      bodyBytes: new TextEncoder().encode(bodyText ?? ''),
      bodyText: bodyText === undefined || bodyText === '' ? undefined : bodyText,
      openBody: () => once(new TextEncoder().encode(bodyText ?? '')),
      log: silentLogger,
    }
    const { identify } = this.#parts
    const { auth } = endpoint
    const caller =
      auth === 'server'
        ? await identifyServer(identify, base)
        : auth === 'user' || auth === 'admin' || auth === 'optional'
          ? await identifyUser(identify, base, auth)
          : undefined
    const body: unknown =
      endpoint.body === undefined || endpoint.rawBody ? undefined : JSON.parse(bodyText === undefined || bodyText === '' ? '{}' : bodyText)
    const fault = bodyCheck === undefined || endpoint.rawBody ? undefined : bodyCheck.fault(body)
    if (fault !== undefined) throw new MatrixError('M_BAD_JSON', `${fault.field} ${fault.why}`)
    const exchange = {
      ...base,
      caller,
      params: readParams(found.readers, found.values, found.value.absentParam),
      query: queryReader === undefined ? parsePlainQuery(queryText) : queryReader.read(queryText),
      body,
    }
    // What the declaration says holds by now, as at the edge; the folded type of a handler is `never`.
    return Reflect.apply(endpoint.handle, endpoint, [exchange, this.#parts.services])
  }
}

async function textOf({ body }: StreamReply): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body.chunks()) text += decoder.decode(chunk, { stream: true })
  await body.close()
  return text
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
