import type { UserId } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { Announcement } from '../storage/database.ts'
import { isAccountDataAnnouncement } from '../users/announcements.ts'

/** Gives a piece of a user's global account data as JSON. */
export type GlobalData = (userId: UserId, type: string) => Promise<string | undefined>

interface Source {
  readonly find: GlobalData
  /** The type of the account data. */
  readonly type: string
  /** The names that its content holds; the content may be anything. */
  readonly namesIn: (content: unknown) => Iterable<string>
  /** Users whose names are kept in memory. */
  readonly usersMax: number
}

/** Names that users keep in a piece of their global account data (whom they ignore, which rooms are direct), kept current by what is committed. */
export class AccountDataSet {
  readonly #source: Source
  readonly #sets: LRUCache<UserId, Promise<ReadonlySet<string>>>

  constructor(source: Source) {
    this.#source = source
    this.#sets = new LRUCache({ max: source.usersMax })
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isAccountDataAnnouncement(announcement) && announcement.type === this.#source.type) this.#sets.delete(announcement.userId)
    }
  }

  /** The names that `userId` keeps. */
  of(userId: UserId): Promise<ReadonlySet<string>> {
    const known = this.#sets.get(userId)
    if (known !== undefined) return known
    const set = this.#read(userId)
    this.#sets.set(userId, set)
    set.catch(() => {
      if (this.#sets.peek(userId) === set) this.#sets.delete(userId)
    })
    return set
  }

  async #read(userId: UserId): Promise<ReadonlySet<string>> {
    const { find, type, namesIn } = this.#source
    const text = await find(userId, type)
    return new Set(namesIn(text === undefined ? undefined : JSON.parse(text)))
  }
}
