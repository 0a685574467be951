import { clientEventPrefix, type Pdu } from '@causeway/events'
import type { StoredEvent } from '../engine/stored-event.ts'
import { onlyFields, type EventFields } from './event-fields.ts'
import type { RoomSight } from './room-sight.ts'

/** Who reads events, and when: what the per-reader part of an event says. */
export interface Reading {
  /** Milliseconds since 1970. */
  readonly now: number
  /** The session that reads; it alone is told its own transaction ids. */
  readonly sessionId: number | undefined
  /** As clients get events, or as servers send them to each other (`event_format` of a filter). */
  readonly format: 'client' | 'federation'
  /** The fields that are wanted; absent for all. */
  readonly fields?: EventFields | undefined
}

/**
 * An event of a timeline as JSON text: its client form, written once, with the reader's `unsigned` spliced in. The event
 * must have been loaded by `sight`. Client-Server API, "Room event format".
 */
export function clientEvent(event: StoredEvent, sight: RoomSight, reading: Reading): string {
  let unsigned = `"age":${reading.now - event.pdu.originServerTs},"membership":"${sight.membershipAt(event)}"${transactionOf(event, reading)}`
  if (event.isState) unsigned += replacedOf(event, sight)
  const redaction = sight.redaction(event)
  if (redaction !== undefined) unsigned += `,"redacted_because":${bareEvent(redaction, reading)}`
  const relations = sight.relations(event)
  if (relations !== undefined) unsigned += `,"m.relations":${relations}`
  return wanted(`${prefixOf(sight.shown(event), reading)},"unsigned":{${unsigned}}}`, reading)
}

/** An event of a state list: without what it replaced and without the reader's membership, which would cost a state each. */
export function bareEvent(event: StoredEvent, reading: Reading): string {
  const unsigned = `"age":${reading.now - event.pdu.originServerTs}${transactionOf(event, reading)}`
  return wanted(`${prefixOf(event.pdu, reading)},"unsigned":{${unsigned}}}`, reading)
}

/** A state event reduced to what somebody outside of the room may see (Client-Server API, "Stripped state"). */
export function strippedEvent(pdu: Pdu): string {
  const stateKey = JSON.stringify(pdu.stateKey ?? '')
  return `{"content":${contentOf(pdu)},"sender":${JSON.stringify(pdu.sender)},"state_key":${stateKey},"type":${JSON.stringify(pdu.type)}}`
}

/** The JSON text of an event's content. */
export function contentOf(pdu: Pdu): string {
  return pdu.json.slice(pdu.contentStart, pdu.contentEnd)
}

function prefixOf(pdu: Pdu, reading: Reading): string {
  return reading.format === 'client' ? clientEventPrefix(pdu) : pdu.json.slice(0, -1)
}

function wanted(event: string, { fields }: Reading): string {
  return fields === undefined ? event : onlyFields(event, fields)
}

/** `origin` is the JSON of [session, transaction id]. */
function transactionOf(event: StoredEvent, reading: Reading): string {
  const { origin } = event
  if (origin === undefined || reading.sessionId === undefined) return ''
  const start = `[${reading.sessionId},`
  return origin.startsWith(start) ? `,"transaction_id":${origin.slice(start.length, -1)}` : ''
}

function replacedOf(event: StoredEvent, sight: RoomSight): string {
  const replaced = sight.replaced(event)
  if (replaced === undefined) return ''
  const content = sight.seesReplaced(event) ? `,"prev_content":${contentOf(replaced.pdu)}` : ''
  return `,"replaces_state":${JSON.stringify(replaced.pdu.eventId)},"prev_sender":${JSON.stringify(replaced.pdu.sender)}${content}`
}
