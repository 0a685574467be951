import { parseServerName, type ServerName } from '@causeway/events'
import type { OutboundRequest, OutboundResult } from '@causeway/server/src/http/outbound/outbound-client.ts'
import type { Transport } from '@causeway/server/src/main/compose/compose-federation.ts'
import type { SimClock, SimTime } from './sim-time.ts'

/** A request on a simulated wire. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Its answer. Status 0: the connection broke before there was one. */
export interface WireAnswer {
  readonly status: number
  readonly body: string
}

/** What stands at the end of a wire. */
export type Endpoint = (request: WireRequest) => Promise<WireAnswer>

/** What becomes of one message (a request or an answer) on its way. */
export interface Passage {
  /** Milliseconds that it travels. */
  readonly ms: number
  /** It never arrives, and nobody is told. */
  readonly lost?: boolean
  /** The same request arrives once more, this many milliseconds later. */
  readonly againMs?: number
}

/** How the wires are: asked for each message. */
export type Weather = (from: ServerName, to: ServerName, request: WireRequest) => Passage

/** How a cut wire shows: the connection fails at once, or nothing comes back. */
export type Cut = 'refused' | 'silent'

const fairWeather: Weather = () => ({ ms: 5 })

/** The wires between simulated servers: they can be cut, one way or both, and lose what is on them. */
export class SimNetwork {
  readonly #time: SimTime
  readonly #servers = new Map<string, Endpoint>()
  readonly #cut = new Map<string, Cut>()
  /** Requests of which nothing comes back, until the wires are mended: then their connections turn out to be broken. */
  readonly #silent = new Set<(result: OutboundResult) => void>()
  readonly #broken = new Map<ServerName, { readonly path: RegExp; readonly status: number }>()
  /** Requests and answers delivered so far. */
  delivered = 0
  weather: Weather = fairWeather
  /** Told of every request that arrives, and of every answer. */
  onDelivery: ((from: ServerName, to: ServerName, request: WireRequest, answer?: WireAnswer) => void) | undefined

  constructor(time: SimTime) {
    this.#time = time
  }

  attach(name: ServerName, endpoint: Endpoint): void {
    this.#servers.set(name, endpoint)
  }

  detach(name: ServerName): void {
    this.#servers.delete(name)
  }

  /** From now on nothing travels from `from` to `to`: requests fail, and so do answers on their way. */
  cut(from: ServerName, to: ServerName, how: Cut = 'refused'): void {
    this.#cut.set(`${from} ${to}`, how)
  }

  /** From now on requests to `to` whose path matches are answered with this status. */
  break(to: ServerName, path: RegExp, status: number): void {
    this.#broken.set(to, { path, status })
  }

  mend(from: ServerName, to: ServerName): void {
    this.#cut.delete(`${from} ${to}`)
  }

  mendAll(): void {
    this.#cut.clear()
    this.#broken.clear()
    for (const end of this.#silent) end({ ok: false, fault: 'broken', why: 'the connection is gone' })
    this.#silent.clear()
  }

  /** The way to other servers that a server named `own` is composed with. */
  transport(own: ServerName, clock: SimClock): Omit<Transport, 'ownKeys'> {
    const destinations = new WeakMap<object, ServerName>()
    const request = async (request: OutboundRequest): Promise<OutboundResult> => {
      // What is no Matrix server (an identity server) is reached by the name of its URL.
      const to = destinations.get(request.target) ?? parseServerName(request.target.hostHeader)
      if (to === undefined || !(destinations.has(request.target) || this.#servers.has(to))) {
        return { ok: false, fault: 'dns', why: 'no such server' }
      }
      return this.#withinDeadline(own, to, clock, request)
    }
    return {
      close: async () => undefined,
      discovery: {
        target: async (server) => {
          const target = { scheme: 'https', addresses: [], certificateName: server, hostHeader: server } as const
          destinations.set(target, server)
          return target
        },
        doubt: () => undefined,
      },
      outbound: {
        request,
        open: async (opened) => {
          const result = await request(opened)
          return result.ok ? { ...result, body: once(result.body) } : result
        },
      },
    }
  }

  /** The answer, or a fault once the caller's time is over or it has lost interest. */
  #withinDeadline(own: ServerName, to: ServerName, clock: SimClock, request: OutboundRequest): Promise<OutboundResult> {
    const { method, path, headers = {}, deadlineMs, signal } = request
    const body = typeof request.body === 'string' || request.body === undefined ? request.body : new TextDecoder().decode(request.body)
    return new Promise((resolve) => {
      const give = (result: OutboundResult): void => {
        cancel()
        this.#silent.delete(give)
        resolve(result)
      }
      const cancel = clock.schedule(deadlineMs, () => give({ ok: false, fault: 'timeout', why: 'no answer in time' }))
      signal?.addEventListener('abort', () => give({ ok: false, fault: 'aborted', why: 'nobody waits for it' }))
      void this.#carry(own, to, clock, { method, path, headers, body }).then((result) => {
        if (result === undefined) this.#silent.add(give)
        else give(result)
      })
    })
  }

  /** Undefined: nothing ever comes back. */
  async #carry(from: ServerName, to: ServerName, clock: SimClock, request: WireRequest): Promise<OutboundResult | undefined> {
    const there = this.weather(from, to, request)
    await clock.sleep(there.ms)
    const cut = this.#cut.get(`${from} ${to}`)
    if (there.lost === true || cut === 'silent') return undefined
    const endpoint = this.#servers.get(to)
    if (endpoint === undefined || cut === 'refused') return { ok: false, fault: 'connect', why: 'the wire is cut' }
    if (there.againMs !== undefined) this.#time.schedule(there.againMs, () => void this.#deliver(from, to, request))
    const answer = await this.#deliver(from, to, request)
    const back = this.weather(to, from, request)
    await clock.sleep(back.ms)
    if (back.lost === true || this.#cut.get(`${to} ${from}`) === 'silent') return undefined
    if (answer.status === 0 || this.#cut.has(`${to} ${from}`)) return { ok: false, fault: 'broken', why: 'the wire was cut' }
    this.delivered += 1
    this.onDelivery?.(to, from, request, answer)
    return { ok: true, status: answer.status, headers: {}, body: new TextEncoder().encode(answer.body) }
  }

  #deliver(from: ServerName, to: ServerName, request: WireRequest): Promise<WireAnswer> {
    const endpoint = this.#servers.get(to)
    if (endpoint === undefined) return Promise.resolve({ status: 0, body: '' })
    this.delivered += 1
    this.onDelivery?.(from, to, request)
    const broken = this.#broken.get(to)
    if (broken?.path.test(request.path) === true) return Promise.resolve({ status: broken.status, body: '{}' })
    return endpoint(request)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
