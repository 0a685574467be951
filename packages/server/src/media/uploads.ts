import type { ServerName, UserId } from '@causeway/events'
import { assert } from '../assert.ts'
import { MatrixError } from '../errors.ts'
import type { ReceivedBlob } from '../platform/blob-folder.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { Database, Step } from '../storage/database.ts'
import { addMedia, addPendingMedia, fillMedia, findMedia, type MediaRow } from '../storage/tables/media.ts'
import { addUsage } from '../storage/tables/media-files.ts'
import { keptName } from './content-disposition.ts'
import { keptType } from './content-type.ts'
import { mediaIdChars, pendingMax, pendingMs } from './limits.ts'
import type { MediaAnnouncement } from './media-announcement.ts'
import type { MediaFiles } from './media-files.ts'
import { mxcUri } from './media-id.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly files: MediaFiles
  readonly serverName: ServerName
  /** Bytes of one upload, and of all that one user uploads; absent: any number. */
  readonly bytesMax: number
  readonly userBytesMax: number | undefined
}

/** A file as a client sends it. */
export interface Upload {
  readonly contentType: string | undefined
  readonly fileName: string | undefined
  /** To be read once; it throws M_TOO_LARGE when it passes `Uploads.bytesMax`. */
  readonly body: AsyncIterable<Uint8Array>
}

/** What our users put into the content repository. Client-Server API, "Content repository". */
export class Uploads {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Bytes of one upload. */
  get bytesMax(): number {
    return this.#ports.bytesMax
  }

  /** Keep a file; gives its URI when it is durable. Throws M_FORBIDDEN when the user's quota is used up. */
  async upload(userId: UserId, upload: Upload): Promise<string> {
    const { clock, random, serverName } = this.#ports
    const mediaId = random.token(mediaIdChars)
    await this.#receive(userId, mediaId, upload, (file) => {
      const now = clock.now()
      const row = { server: serverName, media_id: mediaId, uploader: userId, created_at: now, expires_at: null, accessed_at: now, ...file }
      return { query: addMedia(row), expect: 1 }
    })
    return mxcUri(serverName, mediaId)
  }

  /** An URI for what will be uploaded, and until when (milliseconds since 1970). Throws M_LIMIT_EXCEEDED when too many are open. */
  async create(userId: UserId): Promise<{ readonly uri: string; readonly expiresAt: number }> {
    const { db, clock, random, serverName } = this.#ports
    const mediaId = random.token(mediaIdChars)
    const now = clock.now()
    const expiresAt = now + pendingMs
    const query = addPendingMedia(serverName, mediaId, userId, now, expiresAt, pendingMax)
    const outcome = await db.commit({ steps: [{ query, expect: 1 }] })
    if (!outcome.committed) throw new MatrixError('M_LIMIT_EXCEEDED', `at most ${pendingMax} uploads may be open`)
    return { uri: mxcUri(serverName, mediaId), expiresAt }
  }

  /**
   * Upload to what `create` gave. Throws M_NOT_FOUND (unknown, expired), M_FORBIDDEN (somebody else's, quota) and M_CANNOT_OVERWRITE_MEDIA,
   * before the body is read where possible.
   */
  async uploadTo(userId: UserId, server: ServerName, mediaId: string, upload: Upload): Promise<void> {
    await this.#mustBePending(userId, server, mediaId)
    const refused = await this.#receive(
      userId,
      mediaId,
      upload,
      (file) => ({ query: fillMedia(server, mediaId, userId, this.#ports.clock.now(), file), expect: 1 }),
      { kind: 'media', mediaId },
    )
    if (!refused) return
    await this.#mustBePending(userId, server, mediaId)
    throw new MatrixError('M_CANNOT_OVERWRITE_MEDIA', 'it was uploaded meanwhile')
  }

  async #mustBePending(userId: UserId, server: ServerName, mediaId: string): Promise<void> {
    const { db, clock, serverName } = this.#ports
    const row = server === serverName ? await findMedia(db, server, mediaId) : undefined
    if (row === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such media')
    if (row.uploader !== userId) throw new MatrixError('M_FORBIDDEN', 'somebody else made this')
    if (row.hash !== null) throw new MatrixError('M_CANNOT_OVERWRITE_MEDIA', 'it is uploaded already')
    if (row.expires_at !== null && row.expires_at <= clock.now()) throw new MatrixError('M_NOT_FOUND', 'the time to upload is over')
  }

  /** Receive a file and write what refers to it. Did the step refuse that `rowFor` gave? */
  async #receive(
    userId: UserId,
    mediaId: string,
    upload: Upload,
    rowFor: (file: Pick<MediaRow, 'hash' | 'content_type' | 'file_name' | 'bytes'>) => Step,
    announcement?: MediaAnnouncement,
  ): Promise<boolean> {
    const { files, userBytesMax } = this.#ports
    const received: ReceivedBlob = await files.receive(upload.body)
    try {
      const { hash, bytes } = received
      const row = rowFor({ hash, bytes, content_type: keptType(upload.contentType), file_name: keptName(upload.fileName) ?? null })
      const usage: Step = { query: addUsage(userId, bytes, userBytesMax ?? Number.MAX_SAFE_INTEGER), expect: 1 }
      const steps = [usage, row]
      const refused = await files.keep(received, announcement === undefined ? { steps } : { steps, announcements: [announcement] })
      if (refused?.refusedBy === 0) throw new MatrixError('M_FORBIDDEN', 'what you may upload is used up')
      assert(refused === undefined || announcement !== undefined, `the media id ${mediaId} is new`)
      return refused !== undefined
    } finally {
      await received.discard()
    }
  }
}
