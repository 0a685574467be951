import { StreamReply } from '../http/reply.ts'
import { dispositionOf } from '../media/content-disposition.ts'
import type { OpenBlob } from '../platform/blob-folder.ts'
import type { Random } from '../platform/random.ts'

/** A boundary that no file holds by chance, nor on purpose. */
const boundaryChars = 40

/** A file as other servers get it: multipart/mixed of an empty JSON object and the file. Server-Server API, "Content Repository". */
export function multipartReply(
  file: OpenBlob,
  { contentType, fileName }: { readonly contentType: string; readonly fileName: string | undefined },
  random: Random,
): StreamReply {
  const boundary = random.token(boundaryChars)
  const before = Buffer.from(
    `--${boundary}\r\nContent-Type: application/json\r\n\r\n{}\r\n--${boundary}\r\n` +
      `Content-Type: ${contentType}\r\nContent-Disposition: ${dispositionOf(contentType, fileName)}\r\n\r\n`,
  )
  const after = Buffer.from(`\r\n--${boundary}--\r\n`)
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    yield before
    yield* file.read(0, file.bytes)
    yield after
  }
  const bytes = before.length + file.bytes + after.length
  return new StreamReply(200, ['Content-Type', `multipart/mixed; boundary=${boundary}`], { bytes, chunks, close: () => file.close() })
}
