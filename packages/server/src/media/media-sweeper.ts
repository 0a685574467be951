import type { BlobFolder } from '../platform/blob-folder.ts'
import type { Cancel, Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database } from '../storage/database.ts'
import { removeExpiredMedia } from '../storage/tables/media.ts'
import { unusedFiles } from '../storage/tables/media-files.ts'
import { incomingMsMax, sweepMs, sweepRowsMax, unusedMsMin } from './limits.ts'
import type { MediaFiles } from './media-files.ts'
import type { RemoteCache } from './remote-cache.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly folder: BlobFolder
  readonly files: MediaFiles
  readonly cache: RemoteCache
}

/** Removes what crashes and time leave behind: half files, announcements that nobody followed, files without anybody. */
export class MediaSweeper {
  readonly #ports: Ports
  #cancel: Cancel = () => undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Begin. On a database that no other process uses, all that is half there is left behind. */
  start(): void {
    const { db, clock } = this.#ports
    this.#run(db.dialect === 'sqlite' ? clock.now() : clock.now() - incomingMsMax)
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#running
  }

  /** One sweep; what arrived before `incomingBefore` (milliseconds since 1970) and got no place goes. */
  async sweep(incomingBefore: number): Promise<void> {
    const { db, clock, folder, files, cache } = this.#ports
    await folder.sweep(incomingBefore)
    await db.commit({ steps: [{ query: removeExpiredMedia(clock.now(), sweepRowsMax) }] })
    for (const { hash } of await unusedFiles(db, clock.now() - unusedMsMin, sweepRowsMax)) {
      if (this.#stopped) return
      await files.removeUnused(hash)
    }
    await cache.evict()
  }

  #run(incomingBefore: number): void {
    const { clock, log } = this.#ports
    this.#running = this.sweep(incomingBefore)
      .catch((error: unknown) => log.error({ err: error }, 'the media folder could not be swept'))
      .then(() => {
        if (!this.#stopped) this.#cancel = clock.schedule(sweepMs, () => this.#run(clock.now() - incomingMsMax))
      })
  }
}
