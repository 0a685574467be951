import { parseEventId } from '../ids/event-id.ts'
import type { EventId, RoomId } from '../ids/ids.ts'
import type { RoomRules } from '../versions/room-rules.ts'

/**
 * The id of the room's create event, where the room id tells it: in room version 12 and later, with the sigil `$` instead of `!`.
 * https://spec.matrix.org/v1.19/rooms/v12/#event-format
 */
export function createEventId(roomId: RoomId, rules: RoomRules): EventId | undefined {
  return rules.roomIdIsCreateHash ? parseEventId(`$${roomId.slice(1)}`) : undefined
}
