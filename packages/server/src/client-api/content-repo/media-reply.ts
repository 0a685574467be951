import { MatrixError } from '../../errors.ts'
import type { RequestBase } from '../../http/request.ts'
import { StreamReply, type StreamedBody } from '../../http/reply.ts'
import { dispositionOf } from '../../media/content-disposition.ts'
import type { OpenBlob } from '../../platform/blob-folder.ts'
import { byteRange } from './byte-range.ts'

/**
 * On every file, so that whatever it holds does nothing in a browser. Client-Server API, "Content repository".
 * The file behind an URI never changes; only whoever has a token may keep it.
 */
const safeHeaders: readonly string[] = [
  'Content-Security-Policy',
  "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';",
  'Cross-Origin-Resource-Policy',
  'cross-origin',
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
  'Cache-Control',
  'private, max-age=86400, immutable',
  'Accept-Ranges',
  'bytes',
]

/** The answer that is a file: whole, or the range that was asked for (RFC 9110, section 14). Throws 416. */
export async function mediaReply(
  request: RequestBase,
  file: OpenBlob,
  described: { readonly contentType: string; readonly fileName: string | undefined },
): Promise<StreamReply> {
  const { contentType, fileName } = described
  const headers = ['Content-Type', contentType, 'Content-Disposition', dispositionOf(contentType, fileName), ...safeHeaders]
  // Nothing here has a validator, so whoever names one has it from elsewhere, and gets the whole.
  const range = request.headers['if-range'] === undefined ? byteRange(request.headers.range, file.bytes) : undefined
  if (range === 'unsatisfiable') {
    await file.close()
    throw new MatrixError('M_INVALID_PARAM', `the file has ${file.bytes} bytes`, { status: 416 })
  }
  if (range === undefined) return new StreamReply(200, headers, partOf(file, 0, file.bytes))
  const { start, end } = range
  const contentRange = `bytes ${start}-${end}/${file.bytes}`
  return new StreamReply(206, [...headers, 'Content-Range', contentRange], partOf(file, start, end - start + 1))
}

function partOf(file: OpenBlob, start: number, bytes: number): StreamedBody {
  return { bytes, chunks: () => file.read(start, bytes), close: () => file.close() }
}
