import type { ServerResponse } from 'node:http'
import type { MatrixError } from '../errors.ts'
import type { HandlerResult } from './endpoint.ts'
import { Reply, type StreamReply } from './reply.ts'

/** Client-Server API, "Web Browser Clients": on every answer of the client API, errors included. */
export const corsHeaders: readonly string[] = [
  'Access-Control-Allow-Origin',
  '*',
  'Access-Control-Allow-Methods',
  'GET, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers',
  'X-Requested-With, Content-Type, Authorization',
]

const json = ['Content-Type', 'application/json']

/** Send what a handler gave, in one write, with its length. `common` are headers that every answer of the listener has. */
export function writeReply(response: ServerResponse, result: HandlerResult, common: readonly string[]): number {
  if (result instanceof Reply) {
    write(response, result.status, [...result.headers, ...common], result.body)
    return result.status
  }
  write(response, 200, [...json, ...common], JSON.stringify(result))
  return 200
}

/**
 * Send what is read meanwhile, at the speed at which the caller takes it; `headOnly` leaves the body out. Resolves when it is out or
 * the caller is gone. Rejects when the source fails: then the connection must be cut, so that nobody takes half for the whole.
 */
export async function writeStream(
  response: ServerResponse,
  { status, headers, body }: StreamReply,
  common: readonly string[],
  headOnly: boolean,
): Promise<void> {
  try {
    response.writeHead(status, [...headers, ...common, 'Content-Length', String(body.bytes)])
    if (!headOnly) {
      for await (const chunk of body.chunks()) {
        if (!response.destroyed && !response.write(chunk)) await drained(response)
        if (response.destroyed) return
      }
    }
    response.end()
  } finally {
    await body.close()
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done)
      response.removeListener('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

/** Send an error that the caller must read; `close` ends the connection after it. */
export function writeError(response: ServerResponse, error: MatrixError, common: readonly string[], close: boolean): void {
  const headers = [...json, ...common]
  const retryAfterMs = error.extra['retry_after_ms']
  if (typeof retryAfterMs === 'number') headers.push('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1000))))
  if (close) headers.push('Connection', 'close')
  write(response, error.status, headers, JSON.stringify(error))
}

function write(response: ServerResponse, status: number, headers: string[], body: string | Uint8Array): void {
  headers.push('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength))
  response.writeHead(status, headers)
  response.end(body)
}
