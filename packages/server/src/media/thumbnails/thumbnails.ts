import { LRUCache } from 'lru-cache'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { JobFailed, JobProcess } from '../../platform/job-process.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Counter, Metrics } from '../../platform/metrics.ts'
import type { Database, Step } from '../../storage/database.ts'
import { addThumbnail, findThumbnail, type ThumbnailKey, type ThumbnailRow } from '../../storage/tables/media.ts'
import { addUsage } from '../../storage/tables/media-files.ts'
import {
  animatedPixelsMax,
  framesMax,
  imageHeadBytes,
  pixelsMax,
  sideMax,
  thumbnailFailuresMax,
  thumbnailIdleMsMax,
  thumbnailMemoryBytesMax,
  thumbnailMsMax,
  thumbnailsWaitingMax,
} from '../limits.ts'
import type { MediaFiles } from '../media-files.ts'
import type { MediaLibrary, StoredMedia } from '../media-library.ts'
import { readImageHeader, typeOfFormat, type ImageHeader } from './image-header.ts'
import { isMadeThumbnail, type MadeThumbnail, type ThumbnailJob } from './thumbnail-job.ts'
import { largestSize, sizeFor, type ThumbnailMethod } from './thumbnail-size.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly files: MediaFiles
  readonly library: Pick<MediaLibrary, 'open'>
  /** Are any made? */
  readonly on: boolean
}

/** What a client would like to see; at least so many pixels. */
export interface ThumbnailWish {
  readonly width: number
  readonly height: number
  readonly method: ThumbnailMethod
  readonly animated: boolean
}

/** A file that does as a thumbnail. */
export interface Thumbnail {
  readonly hash: string
  readonly contentType: string
}

/** Small versions of images, made when first asked for, in a process of their own, and kept. Client-Server API, "Thumbnails". */
export class Thumbnails {
  readonly #ports: Ports
  readonly #process: JobProcess
  readonly #making = new Map<string, Promise<ThumbnailRow>>()
  /** Files of which none can be made. */
  readonly #hopeless = new LRUCache<string, true>({ max: thumbnailFailuresMax })
  readonly #made: Counter
  readonly #failed: Counter

  constructor(ports: Ports) {
    this.#ports = ports
    this.#process = new JobProcess({
      module: new URL('./thumbnail-process.ts', import.meta.url),
      clock: ports.clock,
      memoryBytesMax: thumbnailMemoryBytesMax,
      idleMsMax: thumbnailIdleMsMax,
    })
    const help = 'Thumbnails that were to be made, by outcome.'
    this.#made = ports.metrics.counter('causeway_media_thumbnails_total', help, { outcome: 'made' })
    this.#failed = ports.metrics.counter('causeway_media_thumbnails_total', help, { outcome: 'failed' })
  }

  /** End the process that makes them. */
  stop(): void {
    this.#process.close()
  }

  /**
   * A thumbnail of a piece of media; the file itself where that is no larger. Throws 400 M_UNKNOWN for what is no image of a known format,
   * M_TOO_LARGE (413, of other servers' media 502), and M_LIMIT_EXCEEDED when too many are being made.
   */
  async find(media: StoredMedia, wish: ThumbnailWish): Promise<Thumbnail> {
    const { db, on } = this.#ports
    if (!on) throw noThumbnail('Thumbnails are not made here')
    const target = sizeFor(wish, wish.method) ?? largestSize(wish.method)
    const { server, media_id: mediaId } = media
    const key: ThumbnailKey = { server, mediaId, ...target, method: wish.method, animated: wish.animated ? 1 : 0 }
    const known = await findThumbnail(db, key)
    if (known !== undefined && (await this.#ports.files.has(known.hash))) return { hash: known.hash, contentType: known.content_type }

    if (this.#hopeless.has(media.hash)) throw noThumbnail('There is no thumbnail of this file')
    const header = await this.#headerOf(media)
    if (header === undefined) throw noThumbnail('There are no thumbnails of files of this kind')
    if (header.width > sideMax || header.height > sideMax || header.width * header.height > pixelsMax) {
      throw new MatrixError('M_TOO_LARGE', 'The image is too large for a thumbnail', { status: media.uploader === null ? 502 : 413 })
    }
    const own = { hash: media.hash, contentType: typeOfFormat(header.format) }
    const asItIs =
      !header.mayMove && ((header.width <= target.width && header.height <= target.height) || sizeFor(wish, wish.method) === undefined)
    if (asItIs) return own
    const row = await this.#makeOnce(media, header, key)
    return { hash: row.hash, contentType: row.content_type }
  }

  async #headerOf({ hash }: StoredMedia): Promise<ImageHeader | undefined> {
    const file = await this.#ports.library.open(hash)
    try {
      const chunks: Uint8Array[] = []
      for await (const chunk of file.read(0, Math.min(file.bytes, imageHeadBytes))) chunks.push(chunk)
      return readImageHeader(Buffer.concat(chunks))
    } finally {
      await file.close()
    }
  }

  #makeOnce(media: StoredMedia, header: ImageHeader, key: ThumbnailKey): Promise<ThumbnailRow> {
    const name = `${media.hash} ${key.server} ${key.mediaId} ${key.width} ${key.height} ${key.method} ${key.animated}`
    const running = this.#making.get(name)
    if (running !== undefined) return running
    if (this.#making.size >= thumbnailsWaitingMax) {
      throw new MatrixError('M_LIMIT_EXCEEDED', 'too many thumbnails are being made', { extra: { retry_after_ms: 2_000 } })
    }
    const making = this.#make(media, header, key).finally(() => this.#making.delete(name))
    this.#making.set(name, making)
    return making
  }

  async #make(media: StoredMedia, header: ImageHeader, key: ThumbnailKey): Promise<ThumbnailRow> {
    const { db, files } = this.#ports
    const made = await this.#decode(media, header, key)
    const received = await files.receive(once(made.bytes))
    try {
      const row: ThumbnailRow = { hash: received.hash, content_type: made.contentType, bytes: received.bytes }
      const steps: Step[] = [{ query: addThumbnail(key, row, media.hash), expect: 1 }]
      if (media.uploader === null) steps.push({ query: addUsage('', row.bytes, Number.MAX_SAFE_INTEGER) })
      const refused = await files.keep(received, { steps })
      if (refused === undefined) return row
      // Another process was quicker, or the media is gone.
      const other = await findThumbnail(db, key)
      if (other === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no such media')
      return other
    } finally {
      await received.discard()
    }
  }

  async #decode(media: StoredMedia, { format }: ImageHeader, key: ThumbnailKey): Promise<MadeThumbnail> {
    const { files, log } = this.#ports
    const { width, height } = key
    const job: ThumbnailJob = {
      path: files.pathOf(media.hash),
      format,
      width,
      height,
      method: key.method === 'crop' ? 'crop' : 'scale',
      animated: key.animated === 1,
      pixelsMax,
      framesMax,
      animatedPixelsMax,
    }
    try {
      const made = await this.#process.run(job, thumbnailMsMax)
      if (!isMadeThumbnail(made)) throw new JobFailed('it is no thumbnail')
      this.#made.add()
      return made
    } catch (error) {
      if (!(error instanceof JobFailed)) throw error
      this.#failed.add()
      this.#hopeless.set(media.hash, true)
      log.info({ why: error.message, format, bytes: media.bytes }, 'a thumbnail could not be made')
      throw noThumbnail('There is no thumbnail of this file')
    }
  }
}

function noThumbnail(why: string): MatrixError {
  return new MatrixError('M_UNKNOWN', why, { status: 400 })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
