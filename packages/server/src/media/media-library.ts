import type { ServerName } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { WaitingRoom } from '../http/waiting-room.ts'
import type { OpenBlob } from '../platform/blob-folder.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database } from '../storage/database.ts'
import { findMedia, type MediaRow } from '../storage/tables/media.ts'
import { uploadLookMs, uploadWaitMsDefault, uploadWaitMsMax } from './limits.ts'
import { isMediaAnnouncement } from './media-announcement.ts'
import type { MediaFiles } from './media-files.ts'
import type { RemoteMedia } from './remote-media.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly files: MediaFiles
  readonly remote: RemoteMedia
  readonly serverName: ServerName
}

/** A piece of media that has a file. */
export type StoredMedia = MediaRow & { readonly hash: string }

/** How long somebody waits for an upload. */
export interface Patience {
  /** Milliseconds; the standard if absent. */
  readonly timeoutMs: number | undefined
  readonly waiting: WaitingRoom
}

/** Media that can be read: ours, and other servers'. */
export class MediaLibrary {
  readonly #ports: Ports
  /** Who waits for an upload, by media id. */
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(ports: Ports) {
    this.#ports = ports
    ports.db.onCommitted((announcements) => {
      for (const announcement of announcements) {
        if (!isMediaAnnouncement(announcement)) continue
        for (const wake of this.#waiting.get(announcement.mediaId) ?? []) wake()
      }
    })
  }

  /** A piece of media by its URI. Throws M_NOT_FOUND, M_NOT_YET_UPLOADED, and what `RemoteMedia.find` throws. */
  async find(server: ServerName, mediaId: string, patience: Patience): Promise<StoredMedia> {
    if (server === this.#ports.serverName) return this.findOwn(mediaId, patience)
    return stored(await this.#ports.remote.find(server, mediaId, waitMs(patience)))
  }

  /** A piece of our own media. Throws M_NOT_FOUND and M_NOT_YET_UPLOADED. */
  async findOwn(mediaId: string, patience: Patience): Promise<StoredMedia> {
    const { db, clock, serverName } = this.#ports
    const until = clock.monotonic() + waitMs(patience)
    for (;;) {
      // From now on an upload is noticed, so that none falls between the look and the wait.
      const upload = this.#nextUpload(mediaId)
      try {
        const row = await findMedia(db, serverName, mediaId)
        if (!isPending(row, clock.now())) return stored(row)
        const left = until - clock.monotonic()
        if (left <= 0) throw new MatrixError('M_NOT_YET_UPLOADED', 'The file is not uploaded yet')
        if (!(await this.#wait(upload.happened, Math.min(left, uploadLookMs), patience.waiting))) {
          throw new MatrixError('M_NOT_YET_UPLOADED', 'The file is not uploaded yet')
        }
      } finally {
        upload.forget()
      }
    }
  }

  /** Is this one of ours that is to be uploaded? */
  async isAwaited(server: ServerName, mediaId: string): Promise<boolean> {
    const { db, clock, serverName } = this.#ports
    return server === serverName && isPending(await findMedia(db, server, mediaId), clock.now())
  }

  /** Its file. Throws M_NOT_FOUND when that is gone. */
  async open(hash: string): Promise<OpenBlob> {
    const file = await this.#ports.files.open(hash)
    if (file !== undefined) return file
    this.#ports.log.error({ hash }, 'a file of the media folder is missing')
    throw new MatrixError('M_NOT_FOUND', 'The file is gone')
  }

  #nextUpload(mediaId: string): { readonly happened: Promise<void>; forget(): void } {
    const waiting = this.#waiting.get(mediaId) ?? new Set()
    this.#waiting.set(mediaId, waiting)
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.add(resolve)
    const forget = (): void => {
      waiting.delete(resolve)
      if (waiting.size === 0) this.#waiting.delete(mediaId)
    }
    return { happened: promise, forget }
  }

  /** Wait for an upload, or until it is time to look again. False: this one must answer now. */
  async #wait(upload: Promise<void>, ms: number, room: WaitingRoom): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const leave = room.enter(() => resolve(false))
    const cancel = this.#ports.clock.schedule(ms, () => resolve(true))
    void upload.then(() => resolve(true))
    const on = await promise
    cancel()
    leave()
    return on
  }
}

function waitMs({ timeoutMs }: Patience): number {
  return Math.max(0, Math.min(timeoutMs ?? uploadWaitMsDefault, uploadWaitMsMax))
}

function isPending(row: MediaRow | undefined, now: number): boolean {
  return row !== undefined && row.hash === null && row.expires_at !== null && row.expires_at > now
}

function stored(row: MediaRow | undefined): StoredMedia {
  if (row === undefined || row.hash === null) throw new MatrixError('M_NOT_FOUND', 'There is no such media')
  return { ...row, hash: row.hash }
}
