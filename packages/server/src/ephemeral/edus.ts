import { isJsonObject, parseRoomId, parseUserId, type JsonObject, type JsonValue, type RoomId } from '@causeway/events'
import { receiptEventCharsMax, receiptsOfEduMax } from './limits.ts'
import type { Receipt } from './receipt-announcement.ts'
import type { ReceivedReceipt } from './receipts.ts'
import type { TypingNotice } from './typing.ts'

/** What an m.typing EDU says; absent when it is not well formed. Server-Server API, "Typing Notifications". */
export function parseTypingEdu(content: JsonObject): Omit<TypingNotice, 'timeoutMs'> | undefined {
  const { room_id: room, user_id: user, typing } = content
  const roomId = typeof room === 'string' ? parseRoomId(room) : undefined
  const userId = typeof user === 'string' ? parseUserId(user) : undefined
  return roomId === undefined || userId === undefined || typeof typing !== 'boolean' ? undefined : { roomId, userId, typing }
}

/**
 * The EDUs of one transaction (`{ edu_type, content }`) without those that a later one makes void: whoever types, stops and types again
 * wakes nobody more than once. In order.
 */
export function withoutVoid(edus: readonly JsonValue[]): JsonValue[] {
  const newest = new Map<string, number>()
  const keyOf = (edu: JsonValue): string | undefined => {
    const typing = isJsonObject(edu) && edu['edu_type'] === 'm.typing' && isJsonObject(edu['content'] ?? null) ? edu['content'] : undefined
    return typing !== undefined && isJsonObject(typing) ? JSON.stringify([typing['room_id'], typing['user_id']]) : undefined
  }
  const keys = edus.map(keyOf)
  for (const [index, key] of keys.entries()) if (key !== undefined) newest.set(key, index)
  return edus.filter((_, index) => {
    const key = keys[index]
    return key === undefined || newest.get(key) === index
  })
}

/** The content of an m.typing EDU. */
export function typingEdu({ roomId, userId, typing }: TypingNotice): JsonObject {
  return { room_id: roomId, user_id: userId, typing }
}

/** The well-formed receipts of an m.receipt EDU, up to a bound. Server-Server API, "Receipts". */
export function parseReceiptEdu(content: JsonObject): ReceivedReceipt[] {
  const receipts: ReceivedReceipt[] = []
  for (const [room, types] of Object.entries(content)) {
    const roomId = parseRoomId(room)
    const users = isJsonObject(types) ? types['m.read'] : undefined
    if (roomId === undefined || !isJsonObject(users)) continue
    for (const [user, value] of Object.entries(users)) {
      const receipt = isJsonObject(value) ? parseReceipt(roomId, user, value) : undefined
      if (receipt !== undefined) receipts.push(receipt)
      if (receipts.length >= receiptsOfEduMax) return receipts
    }
  }
  return receipts
}

/** The content of an m.receipt EDU for one receipt. */
export function receiptEdu(roomId: RoomId, receipt: Receipt): JsonObject {
  const { userId, eventId, ts, thread } = receipt
  const data: JsonObject = thread === '' ? { ts } : { ts, thread_id: thread }
  return { [roomId]: { 'm.read': { [userId]: { event_ids: [eventId], data } } } }
}

function parseReceipt(roomId: RoomId, user: string, value: JsonObject): ReceivedReceipt | undefined {
  const { event_ids: eventIds, data } = value
  const userId = parseUserId(user)
  // Which event it is matters to clients alone: one that this server would not take for an event is passed on all the same.
  const eventId = Array.isArray(eventIds) ? eventIds[0] : undefined
  const named = typeof eventId === 'string' && eventId.length > 0 && eventId.length <= receiptEventCharsMax && !eventId.includes('\0')
  if (userId === undefined || !named || !isJsonObject(data)) return undefined
  const { ts, thread_id: thread = '' } = data
  return typeof ts !== 'number' || typeof thread !== 'string' ? undefined : { roomId, userId, eventId, thread, ts }
}
