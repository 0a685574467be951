import type { UserId } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { Announcement } from '../storage/database.ts'
import { isAccountDataAnnouncement } from '../users/announcements.ts'

/** Gives a piece of a user's global account data as JSON. */
export type GlobalData = (userId: UserId, type: string) => Promise<string | undefined>

interface Source<T> {
  readonly find: GlobalData
  /** The type of the account data. */
  readonly type: string
  /** What its content says; the content may be anything, undefined where there is none. */
  readonly read: (content: unknown) => T
  /** Users of whom it is kept in memory. */
  readonly usersMax: number
}

/** What a piece of users' global account data says (whom they ignore, which rooms are direct), kept current by what is committed. */
export class AccountDataValues<T> {
  readonly #source: Source<T>
  readonly #values: LRUCache<UserId, { readonly value: Promise<T> }>

  constructor(source: Source<T>) {
    this.#source = source
    this.#values = new LRUCache({ max: source.usersMax })
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isAccountDataAnnouncement(announcement) && announcement.type === this.#source.type) this.#values.delete(announcement.userId)
    }
  }

  /** What the data of `userId` says. */
  of(userId: UserId): Promise<T> {
    const known = this.#values.get(userId)
    if (known !== undefined) return known.value
    const entry = { value: this.#read(userId) }
    this.#values.set(userId, entry)
    entry.value.catch(() => {
      if (this.#values.peek(userId) === entry) this.#values.delete(userId)
    })
    return entry.value
  }

  async #read(userId: UserId): Promise<T> {
    const { find, type, read } = this.#source
    const text = await find(userId, type)
    return read(text === undefined ? undefined : JSON.parse(text))
  }
}
