import { partHeaderBytesMax } from './limits.ts'

/** What another server sent is not the multipart that it should be. */
export class MultipartFault extends Error {
  override readonly name = 'MultipartFault'
}

const blankLine = Buffer.from('\r\n\r\n')

/** The boundary in a Content-Type of multipart/mixed; absent for any other type. RFC 2046, section 5.1.1. */
export function boundaryIn(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !/^multipart\/mixed\s*;/i.test(contentType)) return undefined
  const match = /;\s*boundary\s*=\s*(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  return match?.[1] ?? match?.[2]
}

/** Reads the parts of a multipart body one after the other, as they arrive. Throws `MultipartFault`, and what the body throws. */
export class MultipartReader {
  readonly #body: AsyncIterator<Uint8Array>
  readonly #delimiter: Buffer
  /** What arrived and was not given out. The first delimiter has no line before it: so it gets one. */
  #rest: Buffer = Buffer.from('\r\n')
  #started = false

  constructor(body: AsyncIterator<Uint8Array>, boundary: string) {
    this.#body = body
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** The headers of the next part, names in lower case; absent at the end. The part before must have been read. */
  async next(): Promise<ReadonlyMap<string, string> | undefined> {
    if (!this.#started) {
      this.#started = true
      for await (const _chunk of this.content()) {
        // What stands before the first delimiter is nobody's.
      }
    }
    while (this.#rest.length < 2) await this.#more()
    if (this.#rest.subarray(0, 2).toString('latin1') === '--') return undefined
    return headersIn(await this.#takeUntilBlankLine())
  }

  /** The content of the part whose headers `next` gave. */
  async *content(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const at = this.#rest.indexOf(this.#delimiter)
      if (at >= 0) {
        const last = this.#rest.subarray(0, at)
        this.#rest = this.#rest.subarray(at + this.#delimiter.length)
        if (last.length > 0) yield last
        return
      }
      const certain = this.#rest.length - this.#delimiter.length + 1
      if (certain > 0) {
        const chunk = this.#rest.subarray(0, certain)
        this.#rest = this.#rest.subarray(certain)
        yield chunk
      }
      await this.#more()
    }
  }

  async #takeUntilBlankLine(): Promise<string> {
    for (;;) {
      const at = this.#rest.indexOf(blankLine)
      if (at > partHeaderBytesMax || (at < 0 && this.#rest.length > partHeaderBytesMax)) {
        throw new MultipartFault('the headers of a part are too long')
      }
      if (at >= 0) {
        const text = this.#rest.subarray(0, at).toString('utf8')
        this.#rest = this.#rest.subarray(at + blankLine.length)
        return text
      }
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const next = await this.#body.next()
    if (next.done === true) throw new MultipartFault('it ends within a part')
    this.#rest = this.#rest.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#rest, next.value])
  }
}

/** The lines after the delimiter; of the first only spaces may be there. */
function headersIn(text: string): ReadonlyMap<string, string> {
  const [first = '', ...lines] = text.split('\r\n')
  if (first.trim() !== '') throw new MultipartFault('a delimiter has something behind it')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) throw new MultipartFault('a part has a header without a name')
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return headers
}
