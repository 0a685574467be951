import type { IncomingHttpHeaders } from 'node:http'
import type { Logger } from '../platform/logger.ts'
import type { WaitingRoom } from './waiting-room.ts'

/** The part of a request that every handler sees alike. */
export interface RequestBase {
  /** Names the request in the log and in the answer to an unknown error. */
  readonly id: string
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders
  /** Where it came from: the peer's address, or what a trusted proxy said. For limits and sessions, never for the log. */
  readonly address: string
  /** Aborts when the client goes away, the deadline passes, or the server stops. Made when first asked for. */
  readonly signal: AbortSignal
  /** Where a long-poll registers, so that only a bounded number waits. */
  readonly waiting: WaitingRoom
  /** The body as sent; empty when there was none. */
  readonly bodyBytes: Uint8Array
  /**
   * The body as it arrives, where the endpoint declares `streamsBody`; to be read once. Throws M_TOO_LARGE: by its announced
   * length before reading, else as soon as it passes `bytesMax`.
   */
  openBody(bytesMax: number): AsyncIterable<Uint8Array>
  /** Log lines that carry the request's id. */
  readonly log: Logger
}

/** What a handler gets: who calls, what with. */
export interface Request<Caller, Params, Query, Body> extends RequestBase {
  readonly caller: Caller
  readonly params: Params
  /** The query by the endpoint's schema; read when first asked for (throws M_INVALID_PARAM naming the parameter). */
  readonly query: Query
  /**
   * The body by the endpoint's schema. From JSON.parse: a key `__proto__` is an own property, so never assign its keys
   * one by one to an object that has a prototype.
   */
  readonly body: Body
}
