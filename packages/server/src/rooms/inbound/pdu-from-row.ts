import { parseEventId, parseServerName, pduFromStored, type RoomRules } from '@causeway/events'
import type { InboxRow } from '../../storage/tables/inbox.ts'
import type { Waiting } from './inbox.ts'

const decoder = new TextDecoder()

/** A waiting event as the inbox table keeps it: its bytes passed checks 1 to 3 when they were written. */
export function pduFromRow(row: InboxRow, rules: RoomRules): Waiting | undefined {
  const eventId = parseEventId(row.event_id)
  const origin = parseServerName(row.origin)
  if (eventId === undefined || origin === undefined) return undefined
  return { seq: row.seq, origin, pdu: pduFromStored(decoder.decode(row.json), rules, eventId) }
}
