import { isPlainObject } from '../../rooms/history/event-filter.ts'
import { AccountDataSet, type GlobalData } from '../account-data-set.ts'
import { directListsInMemoryMax } from './limits.ts'

/** Which rooms users call direct chats (Client-Server API, "Direct Messaging"). */
export function directRooms(find: GlobalData): AccountDataSet {
  return new AccountDataSet({ find, type: 'm.direct', namesIn, usersMax: directListsInMemoryMax })
}

function namesIn(content: unknown): string[] {
  const lists = isPlainObject(content) ? Object.values(content) : []
  return lists.flatMap((list) => (Array.isArray(list) ? list.filter((id) => typeof id === 'string') : []))
}
