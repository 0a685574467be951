import { isPlainObject } from '../../rooms/history/event-filter.ts'
import { AccountDataValues, type GlobalData } from '../account-data-values.ts'
import { directListsInMemoryMax } from './limits.ts'

/** Which rooms users call direct chats (Client-Server API, "Direct Messaging"). */
export function directRooms(find: GlobalData): AccountDataValues<ReadonlySet<string>> {
  return new AccountDataValues({ find, type: 'm.direct', read: namesIn, usersMax: directListsInMemoryMax })
}

function namesIn(content: unknown): ReadonlySet<string> {
  const lists = isPlainObject(content) ? Object.values(content) : []
  return new Set(lists.flatMap((list) => (Array.isArray(list) ? list.filter((id) => typeof id === 'string') : [])))
}
