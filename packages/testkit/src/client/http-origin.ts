import * as http from 'node:http'
import * as https from 'node:https'
import { ANSWER_BYTES_MAX, IDLE_CONNECTION_MS_MAX, REQUEST_MS_MAX } from './limits.ts'

/** One request. */
export interface HttpRequest {
  readonly method: string
  /** Path and query, encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  readonly msMax?: number
}

/** What came back, whatever its status. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** The body as JSON; undefined if it is none. */
  readonly body: unknown
  readonly bytes: number
}

/** One server that a test speaks HTTP with, over kept connections. It never keeps the process alive. */
export class HttpOrigin {
  readonly url: string
  readonly #agent: http.Agent
  readonly #base: URL

  /** `ca`: PEM of the authority that an https server's certificate must come from. */
  constructor(url: string, options: { readonly ca?: string } = {}) {
    this.url = url
    this.#base = new URL(url)
    const kept = { keepAlive: true, maxSockets: Infinity, timeout: IDLE_CONNECTION_MS_MAX, scheduling: 'lifo' } as const
    this.#agent = this.#base.protocol === 'https:' ? new https.Agent({ ...kept, ...options }) : new http.Agent(kept)
  }

  /** Send a request and read the whole answer. Rejects only if there is no answer. */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await this.#once(request)
    } catch (error) {
      // The server closed an idle connection at the moment of its reuse: the request was never read.
      if (error instanceof StaleConnection) return this.#once(request)
      throw error
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #once(request: HttpRequest): Promise<HttpAnswer> {
    const payload = request.body === undefined ? undefined : typeof request.body === 'string' ? request.body : JSON.stringify(request.body)
    const headers: Record<string, string | number> = { ...request.headers }
    if (payload !== undefined) {
      headers['content-type'] ??= 'application/json'
      headers['content-length'] = Buffer.byteLength(payload)
    }
    const { protocol, hostname, port } = this.#base
    const { method, path } = request
    const options = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port, method, path, headers, agent: this.#agent }
    return new Promise((resolve, reject) => {
      const sent = (protocol === 'https:' ? https : http).request(options)
      const deadline = setTimeout(() => sent.destroy(new Error('no answer in time')), request.msMax ?? REQUEST_MS_MAX)
      const fail = (error: Error): void => {
        clearTimeout(deadline)
        const stale = sent.reusedSocket && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        const why = `${method} ${this.url}${path.split('?')[0]}: ${error.message}`
        reject(stale ? new StaleConnection(why, { cause: error }) : new Error(why, { cause: error }))
      }
      sent.once('error', fail)
      sent.once('response', (response) => {
        readBody(response).then((text) => {
          clearTimeout(deadline)
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(text), bytes: text.length })
        }, fail)
      })
      sent.end(payload)
    })
  }
}

class StaleConnection extends Error {}

async function readBody(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`)
  }
  return Buffer.concat(chunks)
}

function parse(text: Buffer): unknown {
  if (text.length === 0) return undefined
  try {
    return JSON.parse(text.toString())
  } catch {
    return undefined
  }
}
