import type { EventId, RoomId } from './ids.ts'
import { hasServerForm } from './localpart.ts'

const EXCLAMATION = 0x21
const hashForm = /^![A-Za-z0-9_-]{43}$/

/**
 * The room id that `text` is, in either form: `!opaque:server`, or from room version 12 on `!hash`. Absent when it is none.
 * Spec: appendices, room ids.
 */
export function parseRoomId(text: string): RoomId | undefined {
  return isRoomId(text) ? text : undefined
}

function isRoomId(text: string): text is RoomId {
  return isHashRoomId(text) || hasServerForm(text, EXCLAMATION)
}

/** Is `text` a room id without a server, made of the create event's hash (room version 12 and later)? */
export function isHashRoomId(text: string): text is RoomId {
  return text.length === 44 && hashForm.test(text)
}

/** The id of the room that a create event founds, in room version 12 and later. Spec: room version 12, event format. */
export function roomIdOfCreate(eventId: EventId): RoomId | undefined {
  return parseRoomId(`!${eventId.slice(1)}`)
}
