import { EventPdu } from './event-pdu.ts'
import type { Pdu } from './pdu.ts'

/**
 * The event in the form that clients get, as JSON up to but without the closing brace and without `unsigned`:
 * `{"content":…,"event_id":…,"origin_server_ts":…,"room_id":…,"sender":…,"state_key":…,"type":…`. Made once for each event.
 *
 * A redaction names its target in both places, at the top and in `content`, whatever its room version.
 * Spec: client-server API, room event format; room version 11, moving the `redacts` property.
 */
export function clientEventPrefix(pdu: Pdu): string {
  return pdu instanceof EventPdu ? pdu.clientPrefix(makePrefix) : makePrefix(pdu)
}

function makePrefix(pdu: Pdu): string {
  const { redacts } = pdu
  const target = redacts === undefined ? '' : `,"redacts":${JSON.stringify(redacts)}`
  const stateKey = pdu.stateKey === undefined ? '' : `,"state_key":${JSON.stringify(pdu.stateKey)}`
  return (
    `{"content":${clientContent(pdu)},"event_id":${JSON.stringify(pdu.eventId)},"origin_server_ts":${pdu.originServerTs}${target}` +
    `,"room_id":${JSON.stringify(pdu.roomId)},"sender":${JSON.stringify(pdu.sender)}${stateKey},"type":${JSON.stringify(pdu.type)}`
  )
}

function clientContent(pdu: Pdu): string {
  const content = pdu.json.slice(pdu.contentStart, pdu.contentEnd)
  if (pdu.redacts === undefined || pdu.content['redacts'] !== undefined) return content
  const rest = content.slice(1)
  return `{"redacts":${JSON.stringify(pdu.redacts)}${rest === '}' ? rest : `,${rest}`}`
}
