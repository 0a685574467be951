import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../platform/logger.ts'
import { bodyText, streamBody } from './body.ts'
import type { ServerCaller, SocketCaller, UserCaller } from './caller.ts'
import { handlerMsMax } from './limits.ts'
import { parsePlainQuery, type QueryReader } from './query.ts'
import type { RequestBase } from './request.ts'
import type { WaitingRoom } from './waiting-room.ts'

const noBytes = Buffer.alloc(0)

/** One request on its way: what a handler sees of it, filled in step by step, and what the edge keeps to end it. */
export class Exchange implements RequestBase {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as sent, with what was sent twice. */
  readonly rawHeaders: readonly string[]
  readonly address: string
  readonly waiting: WaitingRoom
  /** Monotonic milliseconds. */
  readonly startedAt: number
  caller: UserCaller | ServerCaller | SocketCaller | undefined
  params: Readonly<Record<string, string>> = {}
  body: unknown
  bodyBytes: Buffer = noBytes
  queryReader: QueryReader | undefined
  /** Was an answer sent, or is there nobody left to answer? */
  answered = false
  /** Is its body being read? Then it has less time. */
  receiving = false
  /** Milliseconds that it may take. */
  msMax = handlerMsMax
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #baseLog: Logger
  #query: unknown
  #abort: AbortController | undefined
  #aborted = false
  #log: Logger | undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    own: {
      readonly id: string
      readonly address: string
      readonly waiting: WaitingRoom
      readonly startedAt: number
      readonly log: Logger
    },
  ) {
    this.id = own.id
    this.method = request.method ?? ''
    this.url = request.url ?? ''
    this.headers = request.headers
    this.rawHeaders = request.rawHeaders
    this.address = own.address
    this.waiting = own.waiting
    this.startedAt = own.startedAt
    this.#baseLog = own.log
    this.#request = request
    this.#response = response
  }

  get query(): unknown {
    if (this.#query === undefined) {
      const mark = this.url.indexOf('?')
      const text = mark < 0 ? '' : this.url.slice(mark + 1)
      this.#query = this.queryReader === undefined ? parsePlainQuery(text) : this.queryReader.read(text)
    }
    return this.#query
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#aborted || this.gone) this.#abort.abort()
      // Emitted after a complete answer too: then nobody listens any more.
      else this.#response.once('close', () => this.abort())
    }
    return this.#abort.signal
  }

  get log(): Logger {
    this.#log ??= this.#baseLog.child({ request: this.id })
    return this.#log
  }

  /** Did the client go away before its answer was complete? */
  get gone(): boolean {
    return this.#response.destroyed
  }

  /** The body as text, for a signature; undefined when there was none. Throws M_NOT_JSON for what is not UTF-8. */
  get bodyText(): string | undefined {
    return this.bodyBytes.length === 0 ? undefined : bodyText(this.bodyBytes)
  }

  openBody(bytesMax: number): AsyncIterable<Uint8Array> {
    return streamBody(this.#request, this.#response, bytesMax)
  }

  /** Tell whoever looks at `signal` to give up. */
  abort(): void {
    this.#aborted = true
    this.#abort?.abort()
  }
}
