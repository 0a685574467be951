import { canonicalJson } from '../json/canonical-json.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { textOf } from './event-pdu.ts'
import { joinMembers } from './event-text.ts'
import type { Pdu } from './pdu.ts'
import { keepsContent, keptKeys, redactContent } from './redact.ts'
import { pduFromStored } from './stored-pdu.ts'

/** The redacted form of an event. It keeps the event's id and signatures, for both cover the redacted form only. */
export function redactPdu(pdu: Pdu, rules: RoomRules): Pdu {
  const kept = keptKeys(rules)
  const content = keepsContent(pdu.type, rules) ? canonicalJson(redactContent(pdu.type, pdu.content, rules)) : '{}'
  return pduFromStored(`{${joinMembers(textOf(pdu), (key) => kept.has(key), content)}}`, rules, pdu.eventId)
}
