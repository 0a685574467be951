import type { ServerName } from '@causeway/events'
import type { FederationClient } from '../federation/client/federation-client.ts'
import type { FederationFailure } from '../federation/client/federation-result.ts'
import { getContent, getContentUnsigned } from '../federation/wire/media.ts'
import type { OutboundClient, ResponseHeaders } from '../http/outbound/outbound-client.ts'
import { targetOfUrl } from '../http/outbound/outbound-target.ts'
import { nameIn } from './content-disposition.ts'
import { keptType } from './content-type.ts'
import { jsonPartBytesMax, locationMsMax, locationRedirectsMax, multipartOverheadBytesMax } from './limits.ts'
import { boundaryIn, MultipartFault, MultipartReader } from './multipart.ts'

interface Ports {
  readonly client: Pick<FederationClient, 'open'>
  readonly outbound: Pick<OutboundClient, 'open'>
  /** Bytes of one file. */
  readonly bytesMax: number
}

/** What another server says of a file. */
export interface FileHead {
  readonly contentType: string
  readonly fileName: string | undefined
}

/** Takes a file while it arrives. What it throws passes through; an `OutboundError` or `MultipartFault` says that it did not arrive whole. */
export type TakeFile<T> = (head: FileHead, chunks: AsyncIterable<Uint8Array>) => Promise<T>

/**
 * Fetch a file of another server and hand it to `take`. Gives what that gave, or why there is no file. Throws `OutboundError` and
 * `MultipartFault` for one that broke off or is not in order. Server-Server API, "Content Repository".
 */
export async function openRemoteFile<T>(
  ports: Ports,
  server: ServerName,
  mediaId: string,
  timeoutMs: number,
  take: TakeFile<T>,
): Promise<{ readonly ok: true; readonly value: T } | FederationFailure> {
  const bytesMax = ports.bytesMax + multipartOverheadBytesMax
  const answer = await ports.client.open(server, getContent, { params: { mediaId }, query: { timeout_ms: timeoutMs }, bytesMax })
  if (answer.ok) return { ok: true, value: await readParts(ports, answer, take) }
  if (answer.status !== 404 || answer.errcode !== 'M_UNRECOGNIZED') return answer
  // A server that does not know the operation gets the older one.
  const query = { allow_remote: false, timeout_ms: timeoutMs }
  const old = await ports.client.open(server, getContentUnsigned, {
    params: { serverName: server, mediaId },
    query,
    bytesMax: ports.bytesMax,
  })
  return old.ok ? { ok: true, value: await take(headOf(old.headers), old.body) } : old
}

function headOf(headers: ResponseHeaders): FileHead {
  return { contentType: keptType(single(headers['content-type'])), fileName: nameIn(single(headers['content-disposition'])) }
}

function single(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0]
}

interface Answer {
  readonly headers: ResponseHeaders
  readonly body: AsyncIterable<Uint8Array>
}

async function readParts<T>(ports: Ports, { headers, body }: Answer, take: TakeFile<T>): Promise<T> {
  const chunks = body[Symbol.asyncIterator]()
  try {
    const boundary = boundaryIn(single(headers['content-type']))
    // One look at the body in any case: only one that was begun can be ended.
    const started = await begun(chunks)
    if (boundary === undefined) throw new MultipartFault('the answer is not multipart/mixed')
    const reader = new MultipartReader(started, boundary)
    await skipJson(reader)
    const part = await reader.next()
    if (part === undefined) throw new MultipartFault('there is no second part')
    const location = part.get('location')
    if (location !== undefined) return await fetchLocation(ports, location, take)
    const head = { contentType: keptType(part.get('content-type')), fileName: nameIn(part.get('content-disposition')) }
    return await take(head, wholePart(reader, part.get('content-length'), ports.bytesMax))
  } finally {
    await chunks.return?.()
  }
}

/** The same chunks, of which the first has been asked for. */
async function begun(chunks: AsyncIterator<Uint8Array>): Promise<AsyncIterator<Uint8Array>> {
  let first: IteratorResult<Uint8Array> | undefined = await chunks.next()
  return {
    next: async () => {
      const next = first ?? (await chunks.next())
      first = undefined
      return next
    },
  }
}

async function skipJson(reader: MultipartReader): Promise<void> {
  if ((await reader.next()) === undefined) throw new MultipartFault('there is no part')
  let bytes = 0
  for await (const chunk of reader.content()) {
    bytes += chunk.byteLength
    if (bytes > jsonPartBytesMax) throw new MultipartFault('the first part is too long')
  }
}

/** The second part; it must be the last, and as long as it says. */
async function* wholePart(reader: MultipartReader, length: string | undefined, bytesMax: number): AsyncGenerator<Uint8Array, void> {
  let bytes = 0
  for await (const chunk of reader.content()) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw new TooLargeFault()
    yield chunk
  }
  if (length !== undefined && length !== String(bytes)) throw new MultipartFault('the file is not as long as it says')
  if ((await reader.next()) !== undefined) throw new MultipartFault('there are more than two parts')
}

/** The file is larger than we keep. */
export class TooLargeFault extends Error {
  override readonly name = 'TooLargeFault'
}

/** A file that is kept elsewhere: asked for without any credentials, through the client that reaches only allowed addresses. */
async function fetchLocation<T>({ outbound, bytesMax }: Ports, location: string, take: TakeFile<T>): Promise<T> {
  const url = URL.parse(location)
  const target = url === null || url.protocol !== 'https:' ? undefined : targetOfUrl(url)
  if (url === null || target === undefined) throw new MultipartFault('the file is where requests do not go')
  const answer = await outbound.open({
    target,
    method: 'GET',
    path: `${url.pathname}${url.search}`,
    deadlineMs: locationMsMax,
    responseBytesMax: bytesMax,
    redirectsMax: locationRedirectsMax,
  })
  if (!answer.ok) {
    throw answer.fault === 'too-large' ? new TooLargeFault() : new MultipartFault(`the file cannot be fetched: ${answer.fault}`)
  }
  if (answer.status === 200) return take(headOf(answer.headers), answer.body)
  for await (const _chunk of answer.body) break
  throw new MultipartFault(`the file cannot be fetched: HTTP ${answer.status}`)
}
