import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database, Step } from '../storage/database.ts'
import { oldestRemoteMedia, removeMedia, removeThumbnails, thumbnailsOf, touchMedia, type MediaRow } from '../storage/tables/media.ts'
import { mediaUsage, reduceUsage, releaseFile } from '../storage/tables/media-files.ts'
import { evictedAtOnceMax, evictionShare, freshCopyMs, touchMs } from './limits.ts'
import type { MediaFiles } from './media-files.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly files: MediaFiles
  /** Bytes that all copies may take. */
  readonly quotaBytes: number
}

/** Keeps the copies of other servers' media within their quota: what nobody looked at for longest goes first. */
export class RemoteCache {
  readonly #ports: Ports
  #evicting: Promise<void> | undefined

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Somebody looks at a copy. */
  touch(row: MediaRow): void {
    const { db, clock, log } = this.#ports
    const now = clock.now()
    if (now - row.accessed_at < touchMs) return
    db.commit({ steps: [{ query: touchMedia(row.server, row.media_id, now) }] }).catch((error: unknown) =>
      log.warn({ err: error }, 'a look at media could not be noted'),
    )
  }

  /** A copy was added: look whether others have to go. */
  grew(): void {
    this.evict().catch((error: unknown) => this.#ports.log.error({ err: error }, 'copies of media could not be removed'))
  }

  /** Remove copies until they are within the quota. One at a time; resolves when there is nothing more to do for now. */
  evict(): Promise<void> {
    this.#evicting ??= this.#evict().finally(() => {
      this.#evicting = undefined
    })
    return this.#evicting
  }

  async #evict(): Promise<void> {
    const { db, clock, quotaBytes } = this.#ports
    let bytes = (await mediaUsage(db, ''))?.bytes ?? 0
    if (bytes <= quotaBytes) return
    for (;;) {
      const oldest = await oldestRemoteMedia(db, clock.now() - freshCopyMs, evictedAtOnceMax)
      for (const row of oldest) {
        if (bytes <= quotaBytes * evictionShare) return
        bytes -= await this.drop(row)
      }
      if (oldest.length < evictedAtOnceMax) return
    }
  }

  /** Remove a copy with its thumbnails; gives how many bytes that frees. */
  async drop(row: MediaRow): Promise<number> {
    const { db, clock, files } = this.#ports
    const { server, media_id: mediaId, hash } = row
    if (hash === null) return 0
    const thumbnails = await thumbnailsOf(db, server, mediaId)
    const now = clock.now()
    const bytes = row.bytes + thumbnails.reduce((sum, thumbnail) => sum + thumbnail.bytes, 0)
    const hashes = [hash, ...thumbnails.map((thumbnail) => thumbnail.hash)]
    const steps: Step[] = [
      { query: removeMedia(server, mediaId, hash), expect: 1 },
      { query: removeThumbnails(server, mediaId), expect: thumbnails.length },
      { query: reduceUsage('', bytes, hashes.length) },
      ...hashes.map((each) => ({ query: releaseFile(each, now) })),
    ]
    const outcome = await db.commit({ steps })
    if (!outcome.committed) return 0
    for (const each of new Set(hashes)) await files.removeUnused(each)
    return bytes
  }
}
