import { pduFromStored, type EventId, type Pdu, type RoomRules } from '@causeway/events'
import type { EventRow } from '../../storage/tables/events.ts'
import { unpackEdges, type Edges } from './packed-numbers.ts'
import type { EventNumber, KeyNumber } from './state-vector.ts'

/** How an event stands in its room; the number is what storage keeps. */
export const standing = { accepted: 0, softFailed: 1, rejected: 2, outlier: 3, undecided: 4 } as const
export type Standing = (typeof standing)[keyof typeof standing]

/** An event as this server keeps it: the PDU and its place in our graph. */
export interface StoredEvent {
  readonly event: EventNumber
  readonly pdu: Pdu
  readonly standing: Standing
  /** Live order when positive, history when negative, absent for an outlier. */
  pos: number | undefined
  /** Local depth: one more than the largest of the known prev events. */
  readonly depth: number
  readonly slot: number
  /** The stream position; 0 until its unit is handed to the commit lane. */
  position: number
  /** The number of its (type, state key), or of its type for a message event. */
  readonly key: KeyNumber
  readonly isState: boolean
  /** The number of (m.room.member, sender). */
  readonly sender: KeyNumber
  readonly stateBefore: number
  readonly stateAfter: number
  /** Its prev events become known when a gap is filled. */
  edges: Edges
  /** Packed notification totals up to and including this event. */
  counts: Uint8Array | undefined
  /** JSON of [session, transaction id] when one of our clients sent it. */
  readonly origin: string | undefined
  /** The number of the redaction that was applied to it. */
  readonly redactedBy: EventNumber | undefined
  /** The root of the thread that it came in as a live event; absent for the main timeline. */
  readonly thread: EventId | undefined
}

/**
 * Does an event stand in our graph, so that the state after it is known? A rejected one does only when it was judged in its
 * place; one that came with somebody's auth chain has no state.
 */
export function inGraph(event: StoredEvent): boolean {
  if (event.standing === standing.rejected) return event.stateBefore !== 0 || event.pdu.prevEvents.length === 0
  return event.standing === standing.accepted || event.standing === standing.softFailed
}

const standings: readonly Standing[] = [0, 1, 2, 3, 4]
const decoder = new TextDecoder()

/** The event of a row. The bytes are our own: they are not checked again. */
export function storedEvent(row: EventRow, rules: RoomRules): StoredEvent {
  return {
    event: row.event,
    // The column holds only ids that were parsed when the row was written.
    pdu: pduFromStored(decoder.decode(row.json), rules, row.event_id as EventId),
    standing: standings[row.standing] ?? standing.outlier,
    pos: row.pos ?? undefined,
    depth: row.depth,
    slot: row.slot,
    position: row.position,
    key: row.key,
    isState: row.is_state === 1,
    sender: row.sender,
    stateBefore: row.state_before,
    stateAfter: row.state_after,
    edges: unpackEdges(row.edges),
    counts: row.counts ?? undefined,
    origin: row.origin ?? undefined,
    redactedBy: row.redacted_by ?? undefined,
    thread: row.thread === null ? undefined : (row.thread as EventId),
  }
}
