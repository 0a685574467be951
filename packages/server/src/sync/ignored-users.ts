import { isPlainObject } from '../rooms/history/event-filter.ts'
import { AccountDataSet, type GlobalData } from './account-data-set.ts'
import { ignoredListsInMemoryMax } from './limits.ts'

/** Whom users ignore (Client-Server API, "Ignoring users"). */
export function ignoredUsers(find: GlobalData): AccountDataSet {
  return new AccountDataSet({ find, type: 'm.ignored_user_list', namesIn, usersMax: ignoredListsInMemoryMax })
}

function namesIn(content: unknown): string[] {
  const ignored = isPlainObject(content) ? content['ignored_users'] : undefined
  return isPlainObject(ignored) ? Object.keys(ignored) : []
}
