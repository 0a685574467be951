import type { EventId } from '../ids/ids.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { EventPdu } from './event-pdu.ts'
import { scanEvent } from './event-text.ts'
import type { Pdu } from './pdu.ts'

/**
 * The event that we stored ourselves as `json` (canonical, without `unsigned`) under `eventId`. Nothing is checked or hashed again, and
 * content and lists are parsed when they are first read. Throws when the text is not what this package once made.
 */
export function pduFromStored(json: string, rules: RoomRules, eventId: EventId): Pdu {
  return new EventPdu(scanEvent(json), rules, eventId)
}
