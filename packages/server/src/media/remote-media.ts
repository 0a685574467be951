import type { ServerName } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import { MatrixError } from '../errors.ts'
import type { FederationClient } from '../federation/client/federation-client.ts'
import type { FederationFailure } from '../federation/client/federation-result.ts'
import { Turns } from '../federation/turns.ts'
import type { OutboundClient } from '../http/outbound/outbound-client.ts'
import { OutboundError } from '../http/outbound/outbound-fault.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Counter, Metrics } from '../platform/metrics.ts'
import type { Database } from '../storage/database.ts'
import { addMedia, findMedia, type MediaRow } from '../storage/tables/media.ts'
import { addUsage } from '../storage/tables/media-files.ts'
import { failureMs, failuresMax, fetchesMax, fetchesPerServerMax, fetchesWaitingMax } from './limits.ts'
import type { MediaFiles } from './media-files.ts'
import { MultipartFault } from './multipart.ts'
import type { RemoteCache } from './remote-cache.ts'
import { openRemoteFile, TooLargeFault, type FileHead } from './remote-file.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly files: MediaFiles
  readonly cache: RemoteCache
  readonly client: Pick<FederationClient, 'open'>
  readonly outbound: Pick<OutboundClient, 'open'>
  /** Bytes of one file. */
  readonly bytesMax: number
}

interface Failure {
  readonly error: MatrixError
  /** Monotonic milliseconds. */
  readonly until: number
}

/** Other servers' media: fetched once for all who ask at the same time, and kept while the quota lasts. */
export class RemoteMedia {
  readonly #ports: Ports
  readonly #fetches = new Map<string, Promise<MediaRow | MatrixError>>()
  readonly #turns = new Map<ServerName, Turns>()
  readonly #failures = new LRUCache<string, Failure>({ max: failuresMax })
  readonly #fetched: Counter
  readonly #failed: Counter

  constructor(ports: Ports) {
    this.#ports = ports
    const help = 'Files of other servers that were asked for, by outcome.'
    this.#fetched = ports.metrics.counter('causeway_media_fetches_total', help, { outcome: 'fetched' })
    this.#failed = ports.metrics.counter('causeway_media_fetches_total', help, { outcome: 'failed' })
  }

  /**
   * A copy of another server's media, fetched if there is none. `timeoutMs` is what that server may wait for an upload. Throws M_NOT_FOUND,
   * M_NOT_YET_UPLOADED, 502 M_TOO_LARGE and 502 M_UNKNOWN, and M_LIMIT_EXCEEDED when too much is being fetched.
   */
  async find(server: ServerName, mediaId: string, timeoutMs: number): Promise<MediaRow> {
    const { db, files, cache } = this.#ports
    const row = await findMedia(db, server, mediaId)
    if (row !== undefined && row.hash !== null) {
      if (await files.has(row.hash)) {
        cache.touch(row)
        return row
      }
      // A backup holds rows whose files it may leave out.
      await cache.drop(row)
    }
    const found = await this.#fetchOnce(server, mediaId, timeoutMs)
    if (found instanceof MatrixError) throw found
    return found
  }

  #fetchOnce(server: ServerName, mediaId: string, timeoutMs: number): Promise<MediaRow | MatrixError> {
    const key = `${server}/${mediaId}`
    const running = this.#fetches.get(key)
    if (running !== undefined) return running
    const now = this.#ports.clock.monotonic()
    const failure = this.#failures.get(key)
    if (failure !== undefined && failure.until > now) return Promise.resolve(failure.error)
    const fetching = this.#inTurn(server, () => this.#fetch(server, mediaId, timeoutMs))
      .then((result) => this.#note(key, result))
      .finally(() => this.#fetches.delete(key))
    this.#fetches.set(key, fetching)
    return fetching
  }

  /** Some at a time of each server: files must not keep its other requests from their connections. */
  async #inTurn(server: ServerName, fetch: () => Promise<MediaRow | MatrixError>): Promise<MediaRow | MatrixError> {
    const turns = this.#turns.get(server) ?? new Turns(fetchesPerServerMax, fetchesWaitingMax)
    this.#turns.set(server, turns)
    const result = this.#fetches.size < fetchesMax ? await turns.run(fetch) : undefined
    if (turns.idle) this.#turns.delete(server)
    return result ?? new MatrixError('M_LIMIT_EXCEEDED', 'too many files are being fetched', { extra: { retry_after_ms: 1_000 } })
  }

  #note(key: string, result: MediaRow | MatrixError): MediaRow | MatrixError {
    if (result instanceof MatrixError) {
      this.#failed.add()
      // What is about to be uploaded is asked for again at once, and so is what had no turn.
      const { code } = result
      if (code !== 'M_NOT_YET_UPLOADED' && code !== 'M_LIMIT_EXCEEDED') {
        this.#failures.set(key, { error: result, until: this.#ports.clock.monotonic() + failureMs })
      }
    } else {
      this.#fetched.add()
      this.#failures.delete(key)
    }
    return result
  }

  async #fetch(server: ServerName, mediaId: string, timeoutMs: number): Promise<MediaRow | MatrixError> {
    try {
      const fetched = await openRemoteFile(this.#ports, server, mediaId, timeoutMs, (head, chunks) =>
        this.#keep(server, mediaId, head, chunks),
      )
      return fetched.ok ? fetched.value : refusalOf(fetched)
    } catch (error) {
      const told = faultOf(error)
      if (told === undefined) throw error
      this.#ports.log.debug({ server, err: error }, 'another server sent a file that is not in order')
      return told
    }
  }

  async #keep(server: ServerName, mediaId: string, head: FileHead, chunks: AsyncIterable<Uint8Array>): Promise<MediaRow> {
    const { db, clock, files, cache } = this.#ports
    const received = await files.receive(chunks)
    try {
      const { hash, bytes } = received
      const now = clock.now()
      const row: MediaRow = {
        server,
        media_id: mediaId,
        uploader: null,
        hash,
        content_type: head.contentType,
        file_name: head.fileName ?? null,
        bytes,
        created_at: now,
        expires_at: null,
        accessed_at: now,
      }
      const steps = [{ query: addMedia(row), expect: 1 }, { query: addUsage('', bytes, Number.MAX_SAFE_INTEGER) }]
      const refused = await files.keep(received, { steps })
      cache.grew()
      // Another process was quicker: then its copy is the one.
      return refused === undefined ? row : ((await findMedia(db, server, mediaId)) ?? row)
    } finally {
      await received.discard()
    }
  }
}

const unusable = (): MatrixError => new MatrixError('M_UNKNOWN', 'The other server gave no usable file', { status: 502 })
const tooLarge = (): MatrixError => new MatrixError('M_TOO_LARGE', 'The file is larger than this server keeps', { status: 502 })

function refusalOf(failure: FederationFailure): MatrixError {
  if (failure.fault === 'too-large') return tooLarge()
  if (failure.fault !== 'refused') return new MatrixError('M_UNKNOWN', 'The other server cannot be reached', { status: 502 })
  if (failure.errcode === 'M_NOT_YET_UPLOADED') return new MatrixError('M_NOT_YET_UPLOADED', 'The file is not uploaded yet')
  if (failure.errcode === 'M_TOO_LARGE') return tooLarge()
  return failure.status === 404 ? new MatrixError('M_NOT_FOUND', 'The other server does not have it') : unusable()
}

/** What a client reads of a file that did not arrive whole; absent for what is our own fault. */
function faultOf(error: unknown): MatrixError | undefined {
  if (error instanceof MatrixError) return error
  if (error instanceof TooLargeFault) return tooLarge()
  if (error instanceof OutboundError) return error.fault === 'too-large' ? tooLarge() : unusable()
  return error instanceof MultipartFault ? unusable() : undefined
}
