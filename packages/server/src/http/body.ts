import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { MatrixError } from '../errors.ts'
import { bodyDepthMax } from './limits.ts'

const noBytes = Buffer.alloc(0)

/**
 * What may stand in Content-Type before a JSON body: JSON, and what tools say when nobody told them. A form with files
 * or another encoding of objects is refused before it is read.
 */
const jsonTypes = new Set(['application/json', 'text/json', 'text/plain', 'application/x-www-form-urlencoded'])

/** Throws (415) when the headers announce a body that we would misread: compressed, or of another type than JSON. */
export function checkBodyHeaders(headers: IncomingHttpHeaders, json: boolean): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new MatrixError('M_NOT_JSON', 'compressed request bodies are not accepted', { status: 415 })
  }
  const type = headers['content-type']
  if (!json || type === undefined || type === 'application/json') return
  const [essence = '', ...parameters] = type.toLowerCase().split(';')
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='))
  const utf8 = charset === undefined || charset === 'charset=utf-8' || charset === 'charset="utf-8"' || charset === 'charset=utf8'
  if (!jsonTypes.has(essence.trim()) || !utf8) {
    throw new MatrixError('M_NOT_JSON', 'the Content-Type must be application/json in UTF-8', { status: 415 })
  }
}

/** How many bytes the headers announce: 0 for no body, undefined for one of unknown length. */
export function announcedBytes(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length']
  if (length !== undefined) return Number(length)
  return headers['transfer-encoding'] === undefined ? 0 : undefined
}

/** The body of `request`. Throws M_TOO_LARGE: by its announced length before reading, else as soon as it passes `bytesMax`. */
export async function readBody(request: IncomingMessage, response: ServerResponse, bytesMax: number): Promise<Buffer> {
  const announced = announcedBytes(request.headers)
  if (announced === 0) return noBytes
  if (announced !== undefined && announced > bytesMax) throw tooLarge(bytesMax)
  if (request.headers.expect !== undefined) response.writeContinue()

  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bytesMax) {
        request.removeAllListeners('data')
        reject(tooLarge(bytesMax))
      } else {
        chunks.push(chunk)
      }
    })
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? noBytes) : Buffer.concat(chunks, bytes)))
    request.on('error', () => reject(new ClientGone()))
  })
}

/** The body of `request` as it arrives; the limit is that of `readBody`. Throws `ClientGone` when it does not arrive. */
export async function* streamBody(request: IncomingMessage, response: ServerResponse, bytesMax: number): AsyncGenerator<Uint8Array, void> {
  if ((announcedBytes(request.headers) ?? 0) > bytesMax) throw tooLarge(bytesMax)
  if (request.headers.expect !== undefined) response.writeContinue()
  let bytes = 0
  // Whoever leaves the loop early still answers on this connection.
  const chunks: AsyncIterator<Buffer> = request.iterator({ destroyOnReturn: false })
  for (;;) {
    const next = await chunks.next().catch(() => undefined)
    if (next === undefined) throw new ClientGone()
    if (next.done === true) return
    bytes += next.value.length
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    yield next.value
  }
}

/** The client went away before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

function tooLarge(bytesMax: number): MatrixError {
  return new MatrixError('M_TOO_LARGE', `the body is larger than ${bytesMax} bytes`)
}

/** The text of a body. Throws M_NOT_JSON for what is not UTF-8. */
export function bodyText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new MatrixError('M_NOT_JSON', 'the body is not valid UTF-8')
  return bytes.toString('utf8')
}

/**
 * The value of a JSON body; an empty one is `{}`. Throws M_NOT_JSON for what is no JSON, M_BAD_JSON for what is nested
 * too deeply. Numbers and duplicate keys are as JSON.parse leaves them: event content is checked by the room's rules.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return {}
  if (bytes.length > 2 * bodyDepthMax && isTooDeep(bytes)) throw new MatrixError('M_BAD_JSON', 'the body is nested too deeply')
  const text = bodyText(bytes)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MatrixError('M_NOT_JSON', 'the body is not valid JSON', { cause })
  }
}

const quote = 0x22
const backslash = 0x5c

function isTooDeep(bytes: Buffer): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === backslash) i++
      else if (byte === quote) inString = false
    } else if (byte === quote) {
      inString = true
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > bodyDepthMax) return true
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--
    }
  }
  return false
}
