import type { ServerName } from '@causeway/events'
import type { Transport } from '@causeway/server/src/main/compose/compose-federation.ts'
import type { OutboundRequest, OutboundResult } from '@causeway/server/src/http/outbound/outbound-client.ts'
import type { SimClock } from './sim-time.ts'

/** A request on a simulated wire. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Its answer. */
export interface WireAnswer {
  readonly status: number
  readonly body: string
}

/** What stands at the end of a wire. */
export type Endpoint = (request: WireRequest) => Promise<WireAnswer>

/** Milliseconds that a request or an answer travels. */
const travelMs = 5

/** The wires between simulated servers: they can be cut, one way or both, and lose what is on them. */
export class SimNetwork {
  readonly #servers = new Map<string, Endpoint>()
  readonly #cut = new Set<string>()
  /** Requests and answers delivered so far. */
  delivered = 0

  attach(name: ServerName, endpoint: Endpoint): void {
    this.#servers.set(name, endpoint)
  }

  detach(name: ServerName): void {
    this.#servers.delete(name)
  }

  /** From now on nothing travels from `from` to `to`: requests fail, and so do answers on their way. */
  cut(from: ServerName, to: ServerName): void {
    this.#cut.add(`${from} ${to}`)
  }

  mend(from: ServerName, to: ServerName): void {
    this.#cut.delete(`${from} ${to}`)
  }

  mendAll(): void {
    this.#cut.clear()
  }

  /** The way to other servers that a server named `own` is composed with. */
  transport(own: ServerName, clock: SimClock): Omit<Transport, 'ownKeys'> {
    const destinations = new WeakMap<object, ServerName>()
    const request = async (request: OutboundRequest): Promise<OutboundResult> => {
      const to = destinations.get(request.target)
      if (to === undefined) return { ok: false, fault: 'dns', why: 'no such server' }
      const body = typeof request.body === 'string' || request.body === undefined ? request.body : new TextDecoder().decode(request.body)
      return this.#carry(own, to, clock, { method: request.method, path: request.path, headers: request.headers ?? {}, body })
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

  async #carry(from: ServerName, to: ServerName, clock: SimClock, request: WireRequest): Promise<OutboundResult> {
    await clock.sleep(travelMs)
    const endpoint = this.#servers.get(to)
    if (endpoint === undefined || this.#cut.has(`${from} ${to}`)) return { ok: false, fault: 'connect', why: 'the wire is cut' }
    this.delivered += 1
    const answer = await endpoint(request)
    await clock.sleep(travelMs)
    if (this.#cut.has(`${to} ${from}`) || this.#servers.get(to) !== endpoint) return { ok: false, fault: 'broken', why: 'the wire was cut' }
    this.delivered += 1
    return { ok: true, status: answer.status, headers: {}, body: new TextEncoder().encode(answer.body) }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
