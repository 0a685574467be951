import type { UserId } from '@causeway/events'
import type { Announcement } from '../storage/database.ts'
import {
  bothRules,
  inviteListsType,
  invitePermissionType,
  listRules,
  permissionRules,
  type InviteRules,
} from '../users/account-data/invite-rules.ts'
import { AccountDataValues, type GlobalData } from './account-data-values.ts'
import { ignoredListsInMemoryMax } from './limits.ts'

/** Whose invites users want to see (Client-Server API, "Invite permission"). */
export class ShownInvites {
  readonly #permission: AccountDataValues<InviteRules>
  readonly #lists: AccountDataValues<InviteRules>

  constructor(find: GlobalData) {
    const usersMax = ignoredListsInMemoryMax
    this.#permission = new AccountDataValues({ find, type: invitePermissionType, read: permissionRules, usersMax })
    this.#lists = new AccountDataValues({ find, type: inviteListsType, read: listRules, usersMax })
  }

  /** Take in what was committed. */
  note(announcements: readonly Announcement[]): void {
    this.#permission.note(announcements)
    this.#lists.note(announcements)
  }

  /** "Invite events for this user already in the database, or received over federation, MUST NOT be served" unless their sender is allowed. */
  async of(userId: UserId): Promise<InviteRules> {
    return bothRules(await this.#permission.of(userId), await this.#lists.of(userId))
  }
}
