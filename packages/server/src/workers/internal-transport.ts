import { errors, Pool } from 'undici'
import { callBytesMax, connectionsPerProcess, connectMsMax, idleMs } from './limits.ts'

/** What became of a call over the network. */
export type Delivery =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** Nobody took the call: it was not carried out. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It was sent, and no answer came: nobody knows whether it was carried out. */
  | { readonly kind: 'lost'; readonly why: string }

/** How processes of one server reach each other, as a port. */
export interface InternalTransport {
  /** POST `body` to `path` at `address` (`http://host:port` or `unix:path`), within `ms`. Never rejects. */
  post(address: string, path: string, headers: Readonly<Record<string, string>>, body: string, ms: number): Promise<Delivery>
  close(): Promise<void>
}

/** The transport over HTTP with kept connections, one pool for each other process (at most 31). */
export class HttpTransport implements InternalTransport {
  readonly #pools = new Map<string, Pool>()

  async post(address: string, path: string, headers: Readonly<Record<string, string>>, body: string, ms: number): Promise<Delivery> {
    try {
      const answer = await this.#pool(address).request({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body,
        headersTimeout: ms,
        bodyTimeout: ms,
      })
      return { kind: 'answered', status: answer.statusCode, body: await answer.body.text() }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return { kind: wasNotSent(error) ? 'refused' : 'lost', why }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
    this.#pools.clear()
  }

  #pool(address: string): Pool {
    let pool = this.#pools.get(address)
    if (pool === undefined) {
      const socketPath = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined
      const connect = { timeout: connectMsMax, ...(socketPath === undefined ? {} : { socketPath }) }
      pool = new Pool(socketPath === undefined ? address : 'http://internal.invalid', {
        connections: connectionsPerProcess,
        keepAliveTimeout: idleMs,
        maxResponseSize: callBytesMax,
        connect,
      })
      this.#pools.set(address, pool)
    }
    return pool
  }
}

const noConnection: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ERR_INVALID_URL',
])

function wasNotSent(error: unknown): boolean {
  if (error instanceof errors.ConnectTimeoutError) return true
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && noConnection.has(error.code)
}
