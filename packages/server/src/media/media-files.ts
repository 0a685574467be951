import { MatrixError } from '../errors.ts'
import { isDiskFull, type BlobFolder, type OpenBlob, type ReceivedBlob } from '../platform/blob-folder.ts'
import type { Clock } from '../platform/clock.ts'
import type { Announcement, Database, Step } from '../storage/database.ts'
import { beginRemovingFile, forgetFile, noteFile, useFile } from '../storage/tables/media-files.ts'
import { placeAgainMs, placeTriesMax, removalMsMax } from './limits.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly folder: BlobFolder
}

/** What is written together with the reference to a file. */
export interface Reference {
  readonly steps: readonly Step[]
  readonly announcements?: readonly Announcement[]
}

/**
 * Files named after their content, and how often each is referred to (decision record "Media ids are random, files are named by their
 * hash"). Several processes may share them.
 */
export class MediaFiles {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Take a file as it comes. Throws what `chunks` throws, and 507 when the disk is full. `discard` must be called in the end. */
  async receive(chunks: AsyncIterable<Uint8Array>): Promise<ReceivedBlob> {
    try {
      return await this.#ports.folder.receive(chunks)
    } catch (error) {
      throw isDiskFull(error) ? new MatrixError('M_UNKNOWN', 'there is no room left on the disk', { status: 507, cause: error }) : error
    }
  }

  /**
   * Give a file its place and write what refers to it. Durable when it resolves; gives the number of the step that refused, if one did,
   * and then nothing refers to it.
   */
  async keep(received: ReceivedBlob, reference: Reference): Promise<{ readonly refusedBy: number } | undefined> {
    const { db, clock, folder } = this.#ports
    const { hash, bytes } = received
    for (let tries = 1; ; tries++) {
      // Known before it is there: what a crash leaves behind is found.
      await db.commit({ steps: [{ query: noteFile(hash, bytes, clock.now()) }] })
      await received.place()
      const use: Step = { query: useFile(hash, bytes, clock.now()), expect: 1 }
      const outcome = await db.commit({ steps: [use, ...reference.steps], announcements: reference.announcements ?? [] })
      if (outcome.committed) {
        // A removal may have ended between the place and the reference; none begins after it.
        if (!(await folder.has(hash))) await received.place()
        return undefined
      }
      if (outcome.refusedBy > 0) return { refusedBy: outcome.refusedBy - 1 }
      if (tries >= placeTriesMax) throw new MatrixError('M_UNKNOWN', 'the file is being removed; try again', { status: 503 })
      await clock.sleep(placeAgainMs)
    }
  }

  /** Absent when the file is gone. */
  open(hash: string): Promise<OpenBlob | undefined> {
    return this.#ports.folder.open(hash)
  }

  has(hash: string): Promise<boolean> {
    return this.#ports.folder.has(hash)
  }

  pathOf(hash: string): string {
    return this.#ports.folder.pathOf(hash)
  }

  /** Remove a file if nothing refers to it. */
  async removeUnused(hash: string): Promise<void> {
    const { db, clock, folder } = this.#ports
    const now = clock.now()
    const begun = await db.commit({ steps: [{ query: beginRemovingFile(hash, now, now - removalMsMax), expect: 1 }] })
    if (!begun.committed) return
    await folder.remove(hash)
    await db.commit({ steps: [{ query: forgetFile(hash) }] })
  }
}
