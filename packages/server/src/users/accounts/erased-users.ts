import type { UserId } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Announcement, Database } from '../../storage/database.ts'
import { erasedUsersAfter } from '../../storage/tables/users.ts'
import { erasedUsersMs, erasedUsersPage } from '../limits.ts'

/** An account was ended, and what it wrote is to be forgotten as far as that goes. */
export interface UserErasedAnnouncement extends Announcement {
  readonly kind: 'user-erased'
  readonly userId: UserId
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
}

/**
 * Our users who wanted what they wrote erased when they left: newcomers get their events redacted (Client-Server API,
 * POST /account/deactivate). They are few, and asked about for each event that is shown: they are in memory.
 */
export class ErasedUsers {
  readonly #ports: Ports
  readonly #users = new Set<string>()
  #loaded: Promise<void> | undefined
  #loadedAt = 0

  constructor(ports: Ports) {
    this.#ports = ports
    ports.db.onCommitted((announcements) => {
      for (const announcement of announcements) if (isUserErased(announcement)) this.#users.add(announcement.userId)
    })
  }

  /** Resolves when they are known; those whom another process erased, within a minute. */
  ready(): Promise<void> {
    const now = this.#ports.clock.monotonic()
    if (this.#loaded === undefined) {
      this.#loadedAt = now
      this.#loaded = this.#load()
      // Whoever waits hears of the failure; the next one tries again.
      this.#loaded.catch(() => {
        this.#loaded = undefined
      })
    } else if (now - this.#loadedAt > erasedUsersMs) {
      this.#loadedAt = now
      // What is known stays good enough until the next look.
      this.#load().catch(() => undefined)
    }
    return this.#loaded
  }

  /** Is this one of them? */
  has(userId: string): boolean {
    return this.#users.has(userId)
  }

  async #load(): Promise<void> {
    let after = ''
    for (;;) {
      const rows = await erasedUsersAfter(this.#ports.db, after, erasedUsersPage)
      for (const { user_id: userId } of rows) this.#users.add(userId)
      const last = rows.at(-1)
      if (last === undefined || rows.length < erasedUsersPage) return
      after = last.user_id
    }
  }
}

function isUserErased(announcement: Announcement): announcement is UserErasedAnnouncement {
  return announcement.kind === 'user-erased'
}
