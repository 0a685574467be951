import type { UserId } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import { isPlainObject } from '../../rooms/history/event-filter.ts'
import type { Announcement } from '../../storage/database.ts'
import { isAccountDataAnnouncement } from '../../users/announcements.ts'
import type { GlobalData } from '../ignored-users.ts'
import { directListsInMemoryMax } from './limits.ts'

const type = 'm.direct'

/** Which rooms users call direct chats (Client-Server API, "Direct Messaging"), kept current by what is committed. */
export class DirectRooms {
  readonly #find: GlobalData
  readonly #lists = new LRUCache<UserId, Promise<ReadonlySet<string>>>({ max: directListsInMemoryMax })

  constructor(find: GlobalData) {
    this.#find = find
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isAccountDataAnnouncement(announcement) && announcement.type === type) this.#lists.delete(announcement.userId)
    }
  }

  /** The ids of the user's direct rooms. */
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
    const lists = isPlainObject(content) ? Object.values(content) : []
    return new Set(lists.flatMap((list) => (Array.isArray(list) ? list.filter((id) => typeof id === 'string') : [])))
  }
}
