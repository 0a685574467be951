/** A prepared answer, for what is not "200 and this object as JSON". */
export class Reply {
  readonly status: number
  /** Names and values in turn, ready for the wire. Content-Length is added by the edge. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array

  constructor(status: number, headers: readonly string[], body: string | Uint8Array) {
    this.status = status
    this.headers = headers
    this.body = body
  }
}

const jsonHeaders = ['Content-Type', 'application/json']

/** An answer whose JSON text is written already (joined from stored pieces), with its status. */
export function jsonReply(text: string | Uint8Array, status = 200): Reply {
  return new Reply(status, jsonHeaders, text)
}

/** An answer of plain text in UTF-8. */
export function textReply(text: string, status = 200): Reply {
  return new Reply(status, ['Content-Type', 'text/plain; charset=utf-8'], text)
}

/** An answer that sends the caller elsewhere (302). */
export function redirectReply(location: string): Reply {
  return new Reply(302, ['Location', location, 'Content-Type', 'text/plain'], '')
}

/** Bytes that are read while they are sent: a file. `close` is called in every case, when they were sent or cannot be. */
export interface StreamedBody {
  /** How many come. */
  readonly bytes: number
  chunks(): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** An answer that is not in memory as a whole. */
export class StreamReply {
  readonly status: number
  /** As in `Reply`. */
  readonly headers: readonly string[]
  readonly body: StreamedBody

  constructor(status: number, headers: readonly string[], body: StreamedBody) {
    this.status = status
    this.headers = headers
    this.body = body
  }
}
