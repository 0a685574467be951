import { assert } from '../assert.ts'
import type { EventId, RoomId } from '../ids/ids.ts'
import { parseRoomId, roomIdOfCreate } from '../ids/room-id.ts'
import { parseUserId } from '../ids/user-id.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { EventPdu } from './event-pdu.ts'
import { scanEvent } from './event-text.ts'
import type { Pdu } from './pdu.ts'

/**
 * The event that we stored ourselves as `json` (canonical, without `unsigned`) under `eventId`. Nothing is checked or hashed again, and
 * content and lists are parsed when they are first read. Throws when the text is not what this package once made.
 */
export function pduFromStored(json: string, rules: RoomRules, eventId: EventId): Pdu {
  const text = scanEvent(json)
  let [type, sender, stateKey, roomId]: (string | undefined)[] = []
  let [depth, originServerTs] = [0, 0]
  for (const { key, start, end } of text.members) {
    const valueStart = start + key.length + 3
    if (key === 'type') type = storedString(json, valueStart, end)
    else if (key === 'sender') sender = storedString(json, valueStart, end)
    else if (key === 'state_key') stateKey = storedString(json, valueStart, end)
    else if (key === 'room_id') roomId = storedString(json, valueStart, end)
    else if (key === 'depth') depth = storedInteger(json, valueStart, end)
    else if (key === 'origin_server_ts') originServerTs = storedInteger(json, valueStart, end)
  }
  const user = sender === undefined ? undefined : parseUserId(sender)
  assert(type !== undefined && user !== undefined, 'a stored event has a type and a sender')
  const head = { eventId, roomId: storedRoomId(roomId, eventId), type, stateKey, sender: user, originServerTs, depth }
  return new EventPdu(head, text, rules.redactsInContent)
}

function storedRoomId(text: string | undefined, eventId: EventId): RoomId {
  const roomId = text === undefined ? roomIdOfCreate(eventId) : parseRoomId(text)
  assert(roomId !== undefined, 'a stored event has a room id, or gives the room its id')
  return roomId
}

function storedString(json: string, start: number, end: number): string {
  const inside = json.slice(start + 1, end - 1)
  return inside.includes('\\') ? String(JSON.parse(json.slice(start, end))) : inside
}

/** Beyond 2^53 - 1, which room versions 1 to 5 allow, the number is clamped as the parser does. */
function storedInteger(json: string, start: number, end: number): number {
  const value = Number(json.slice(start, end))
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value)) + 0
}
