import { isPlainObject } from '../rooms/history/event-filter.ts'
import { AccountDataValues, type GlobalData } from './account-data-values.ts'
import { ignoredListsInMemoryMax } from './limits.ts'

/** Whom users ignore (Client-Server API, "Ignoring users"). */
export function ignoredUsers(find: GlobalData): AccountDataValues<ReadonlySet<string>> {
  return new AccountDataValues({ find, type: 'm.ignored_user_list', read: namesIn, usersMax: ignoredListsInMemoryMax })
}

function namesIn(content: unknown): ReadonlySet<string> {
  const ignored = isPlainObject(content) ? content['ignored_users'] : undefined
  return new Set(isPlainObject(ignored) ? Object.keys(ignored) : [])
}
