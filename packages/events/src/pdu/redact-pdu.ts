import { canonicalJson } from '../json/canonical-json.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { EventPdu } from './event-pdu.ts'
import { joinMembers, scanEvent } from './event-text.ts'
import type { Pdu } from './pdu.ts'
import { keepsContent, keptKeys, redactContent } from './redact.ts'

/** The redacted form of an event. It keeps the event's id and signatures, for both cover the redacted form only. */
export function redactPdu(pdu: Pdu, rules: RoomRules): Pdu {
  const kept = keptKeys(rules)
  const content = keepsContent(pdu.type, rules) ? canonicalJson(redactContent(pdu.type, pdu.content, rules)) : '{}'
  const json = `{${joinMembers(scanEvent(pdu.json), (key) => kept.has(key), content)}}`
  return new EventPdu(scanEvent(json), rules, pdu.eventId)
}
