import { isDeepStrictEqual } from 'node:util'
import type { ClientEvent } from '../client/client-event.ts'
import type { Entry } from './ledger.ts'
import type { ObservedRoom } from './observe.ts'
import { judgeMemberships } from './judge-memberships.ts'
import { markerKey, type RedactOperation, type SendOperation, type StateOperation } from './operation.ts'

type EventOperation = SendOperation | RedactOperation | StateOperation

/** Everything that was asked for under one marker: the operation, and its repetitions with the same transaction id. */
interface Wanted {
  readonly first: Entry
  readonly operation: EventOperation
  /** The ids that were answered: more than one is wrong. */
  readonly acked: ReadonlySet<string>
  /** Was every attempt refused? */
  readonly refused: boolean
}

/** What is wrong in a room, one sentence each, beginning with the name of the rule. */
export function judgeRoom(roomId: string, entries: readonly Entry[], room: ObservedRoom): string[] {
  const own = entries.filter(({ operation }) => 'roomId' in operation && operation.roomId === roomId)
  const wanted = gather(own)
  const places = placesOf(room.messages)
  return [
    ...judgeAnswers(wanted),
    ...judgeMarkers(wanted, room.messages),
    ...judgeReaders(wanted, room, places),
    ...judgeContents(wanted, room),
    ...judgeOrder(wanted, places),
    ...judgeState(wanted, room.state),
    ...judgeMemberships(own, room),
  ].map((finding) => `${finding} (${roomId})`)
}

function gather(entries: readonly Entry[]): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  for (const entry of entries) {
    const { operation, outcome } = entry
    if (operation.kind !== 'send' && operation.kind !== 'redact' && operation.kind !== 'state') continue
    const before = wanted.get(operation.marker)
    const acked = new Set(before?.acked)
    if (outcome?.kind === 'ack' && outcome.eventId !== undefined) acked.add(outcome.eventId)
    const refused = outcome?.kind === 'fail' && (before?.refused ?? true)
    wanted.set(operation.marker, { first: before?.first ?? entry, operation, acked, refused })
  }
  return wanted
}

/** A repetition with the same transaction id gets the same answer. */
function judgeAnswers(wanted: ReadonlyMap<string, Wanted>): string[] {
  return [...wanted].flatMap(([marker, { acked }]) => (acked.size > 1 ? [`another-answer: ${marker} is ${[...acked].join(' and ')}`] : []))
}

/** Whatever the load may have written stands in the room at most once, and only if it was not refused. */
function judgeMarkers(wanted: ReadonlyMap<string, Wanted>, messages: readonly ClientEvent[]): string[] {
  const findings: string[] = []
  const seen = new Map<string, string | undefined>()
  for (const event of messages) {
    const marker = markerOf(event)
    if (marker === undefined) continue
    const source = wanted.get(marker)
    if (source === undefined) findings.push(`invented: ${marker} is in ${event.eventId}, and nobody asked for it`)
    else if (source.refused) findings.push(`refused-but-there: ${marker} is in ${event.eventId}`)
    else if (source.acked.size > 0 && !source.acked.has(event.eventId ?? '')) {
      findings.push(`duplicate: ${marker} is in ${event.eventId} as well as in ${[...source.acked].join()}`)
    } else if (seen.has(marker)) findings.push(`duplicate: ${marker} is in ${event.eventId} and ${seen.get(marker)}`)
    seen.set(marker, event.eventId)
  }
  return findings
}

/** What was acknowledged is there exactly once for every reader, and what a reader was told of stays. */
function judgeReaders(wanted: ReadonlyMap<string, Wanted>, room: ObservedRoom, places: Places): string[] {
  const findings: string[] = []
  const acked = [...wanted].flatMap(([marker, { acked }]) => [...acked].map((eventId) => ({ marker, eventId })))
  for (const { marker, eventId } of acked) {
    const times = places.get(eventId)?.length ?? 0
    if (times !== 1) findings.push(`${times === 0 ? 'lost' : 'repeated'}: ${marker} (${eventId}) is ${times} times in /messages`)
    if (room.events.has(eventId) && room.events.get(eventId) === undefined) {
      findings.push(`lost: ${marker} (${eventId}) is not found by /event`)
    }
  }
  for (const [reader, { events }] of room.readers.entries()) {
    const synced = placesOf(events)
    for (const [eventId, at] of synced) {
      if (at.length > 1) findings.push(`repeated: ${eventId} is ${at.length} times in /sync (reader ${reader})`)
      if (!places.has(eventId)) findings.push(`vanished: ${eventId} was in /sync (reader ${reader}) and is not in /messages`)
    }
    for (const { marker, eventId } of acked) {
      if (!synced.has(eventId)) findings.push(`lost: ${marker} (${eventId}) is not in /sync (reader ${reader})`)
    }
    const begin = places.get(events[0]?.eventId ?? '')?.[0] ?? room.messages.length
    for (const [at, { eventId = '' }] of room.messages.slice(begin).entries()) {
      if (!synced.has(eventId)) {
        findings.push(`gap: ${eventId} is in /messages (${begin + at} of ${room.messages.length}) and not in /sync (reader ${reader})`)
      }
    }
  }
  return findings
}

/** An event is whole unless it was redacted, and redacted if that was acknowledged. */
function judgeContents(wanted: ReadonlyMap<string, Wanted>, room: ObservedRoom): string[] {
  const redactions = new Map<string, 'acked' | 'maybe'>()
  for (const { operation, acked, refused } of wanted.values()) {
    if (operation.kind === 'redact' && !refused) redactions.set(operation.eventId, acked.size > 0 ? 'acked' : 'maybe')
  }
  const findings: string[] = []
  const byId = new Map([...wanted.values()].flatMap((one) => [...one.acked].map((eventId) => [eventId, one] as const)))
  const asked = [...room.events.values()].filter((event) => event !== undefined)
  for (const event of [...room.messages, ...asked]) {
    const source = byId.get(event.eventId ?? '') ?? wanted.get(markerOf(event) ?? '')
    if (source === undefined || source.operation.kind === 'redact') continue
    const whole = isDeepStrictEqual(event.content, source.operation.content)
    const emptied = Object.keys(event.content).length === 0
    const redaction = redactions.get(event.eventId ?? '')
    if (!whole && !emptied) findings.push(`half: ${event.eventId} has not the content that was sent`)
    if (redaction === undefined && emptied) findings.push(`half: ${event.eventId} is empty, and nobody redacted it`)
    if (redaction === 'acked' && whole) findings.push(`unredacted: ${event.eventId} has its content although it was redacted`)
  }
  return findings
}

interface Placed {
  readonly marker: string
  readonly place: number
  readonly settledBefore: number
}

/** Of one sender's events, what was acknowledged before the next was begun stands before it. */
function judgeOrder(wanted: ReadonlyMap<string, Wanted>, places: Places): string[] {
  const findings: string[] = []
  const senders = new Map<string, { latest: Placed | undefined; open: Placed[] }>()
  for (const [marker, { first, acked }] of wanted) {
    // An outcome that was unknown at first may have happened at any time until the repetition.
    if (first.outcome?.kind !== 'ack') continue
    const place = [...acked].flatMap((eventId) => places.get(eventId) ?? [])[0]
    if (place === undefined) continue
    const sender = senders.get(first.userId) ?? { latest: undefined, open: [] }
    senders.set(first.userId, sender)
    for (const earlier of sender.open.filter(({ settledBefore }) => settledBefore <= first.n)) {
      if (sender.latest === undefined || sender.latest.place < earlier.place) sender.latest = earlier
    }
    sender.open = sender.open.filter(({ settledBefore }) => settledBefore > first.n)
    const { latest } = sender
    if (latest !== undefined && place < latest.place) {
      findings.push(`order: ${marker} stands before ${latest.marker}, which was sent earlier`)
    }
    sender.open.push({ marker, place, settledBefore: first.settledBefore })
  }
  return findings
}

/** A piece of state has the last acknowledged value, or one that was sent later and may have arrived. */
function judgeState(wanted: ReadonlyMap<string, Wanted>, state: readonly ClientEvent[]): string[] {
  const allowed = new Map<string, (string | undefined)[]>()
  for (const { operation, acked, refused } of wanted.values()) {
    if (operation.kind !== 'state' || refused) continue
    const key = `${operation.type} ${operation.stateKey}`
    allowed.set(key, [...(acked.size > 0 ? [] : (allowed.get(key) ?? [undefined])), operation.marker])
  }
  const current = new Map(state.map((event) => [`${event.type} ${event.stateKey}`, markerOf(event)]))
  return [...allowed].flatMap(([key, markers]) =>
    markers.includes(current.get(key)) ? [] : [`state: ${key} is ${current.get(key)}, and should be ${markers.join(' or ')}`],
  )
}

type Places = ReadonlyMap<string, readonly number[]>

/** Where each event stands in a list. */
function placesOf(events: readonly ClientEvent[]): Places {
  const places = new Map<string, number[]>()
  for (const [at, { eventId }] of events.entries()) {
    if (eventId === undefined) continue
    const known = places.get(eventId)
    if (known === undefined) places.set(eventId, [at])
    else known.push(at)
  }
  return places
}

function markerOf(event: ClientEvent): string | undefined {
  const marker = event.type === 'm.room.redaction' ? event.content['reason'] : event.content[markerKey]
  return typeof marker === 'string' ? marker : undefined
}
