import type { ServerResponse } from 'node:http'
import type { MatrixError } from '../errors.ts'
import type { HandlerResult } from './endpoint.ts'
import { Reply } from './reply.ts'

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
