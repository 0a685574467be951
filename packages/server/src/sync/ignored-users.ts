import type { UserId } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import { isPlainObject } from '../rooms/history/event-filter.ts'
import type { Announcement } from '../storage/database.ts'
import { isAccountDataAnnouncement } from '../users/announcements.ts'
import { ignoredListsInMemoryMax } from './limits.ts'

const type = 'm.ignored_user_list'

/** Gives a piece of a user's global account data as JSON. */
export type GlobalData = (userId: UserId, type: string) => Promise<string | undefined>

/** Whom users ignore (Client-Server API, "Ignoring users"), kept current by what is committed. */
export class IgnoredUsers {
  readonly #find: GlobalData
  readonly #lists = new LRUCache<UserId, Promise<ReadonlySet<string>>>({ max: ignoredListsInMemoryMax })

  constructor(find: GlobalData) {
    this.#find = find
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isAccountDataAnnouncement(announcement) && announcement.type === type) this.#lists.delete(announcement.userId)
    }
  }

  /** The users whom `userId` ignores. */
  of(userId: UserId): Promise<ReadonlySet<string>> {
    const known = this.#lists.get(userId)
    if (known !== undefined) return known
    const list = this.#read(userId)
    this.#lists.set(userId, list)
    list.catch(() => {
      if (this.#lists.peek(userId) === list) this.#lists.delete(userId)
    })
    return list
  }

  async #read(userId: UserId): Promise<ReadonlySet<string>> {
    const text = await this.#find(userId, type)
    const content: unknown = text === undefined ? undefined : JSON.parse(text)
    const ignored = isPlainObject(content) ? content['ignored_users'] : undefined
    return new Set(isPlainObject(ignored) ? Object.keys(ignored) : [])
  }
}
