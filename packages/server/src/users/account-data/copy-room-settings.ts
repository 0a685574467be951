import { canonicalJson, fromPlain, isJsonObject, type JsonObject, type RoomId, type UserId } from '@causeway/events'
import type { PushRules } from '../push-rules/push-rules.ts'
import type { AccountData } from './account-data.ts'

/**
 * What a user has set for a room holds for another one as well: tags, push rules, and that it is a direct chat. What they have
 * set for that one already stays. Throws M_TOO_LARGE.
 */
export async function copyRoomSettings(
  { accountData, pushRules }: { readonly accountData: AccountData; readonly pushRules: PushRules },
  userId: UserId,
  from: RoomId,
  to: RoomId,
): Promise<void> {
  await pushRules.copyForRoom(userId, from, to)
  const tags = await accountData.find({ userId, roomId: from, type: 'm.tag' })
  if (tags !== undefined) await accountData.change({ userId, roomId: to, type: 'm.tag' }, (content) => content ?? tags)
  await accountData.change({ userId, roomId: '', type: 'm.direct' }, (content) => {
    const direct = content === undefined ? undefined : fromPlain(JSON.parse(content))
    return direct !== undefined && isJsonObject(direct) ? withRoom(direct, from, to) : undefined
  })
}

/** The lists of direct chats that name `from` name `to` too; absent if nothing changes. Clients wrote them: they may be anything. */
function withRoom(direct: JsonObject, from: RoomId, to: RoomId): string | undefined {
  let changed = false
  const lists = Object.entries(direct).map(([user, rooms]) => {
    if (!Array.isArray(rooms) || !rooms.includes(from) || rooms.includes(to)) return [user, rooms] as const
    changed = true
    return [user, [...rooms, to]] as const
  })
  return changed ? canonicalJson(Object.fromEntries(lists)) : undefined
}
