import { canRedact, reachesRedactLevel, redactPdu, type Pdu } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { markRedacted, replaceBody } from '../../storage/tables/events.ts'
import { addPendingRedaction, redactionsOf } from '../../storage/tables/rooms.ts'
import { dropRelation } from '../relations/place-relation.ts'
import type { EnginePorts } from './engine-ports.ts'
import { findEvent, loadEvents } from './load-room.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView } from './room-view.ts'
import type { StoredEvent } from './stored-event.ts'
import { stateFor, type LoadedState } from './view-state.ts'

/**
 * Apply a redaction that has its place: the target's bytes give way to their redacted form. A target that we have not got
 * is redacted when it comes (Room Version 3, "Handling redactions").
 */
export async function applyRedaction(ports: EnginePorts, view: RoomView, unit: RoomUnit, redaction: StoredEvent): Promise<void> {
  const id = redaction.pdu.redacts
  if (id === undefined) return
  const target = await findEvent(ports.db, view, id)
  if (target !== undefined) return void (await redactTarget(ports, view, unit, redaction, target))
  unit.draft.add(addPendingRedaction, view.room, id, redaction.event)
  const waiting = view.pendingRedactions.get(id)
  if (waiting !== undefined) waiting.add(redaction.event)
  else if (view.pendingRedactions.size < limits.pendingRedactionsInMemoryMax) view.pendingRedactions.set(id, new Set([redaction.event]))
}

/** An event came for which redactions may have been waiting: the first that is allowed is applied. */
export async function applyPendingRedactions(ports: EnginePorts, view: RoomView, unit: RoomUnit, target: StoredEvent): Promise<void> {
  const { eventId } = target.pdu
  const waiting = new Set(view.pendingRedactions.get(eventId))
  if (view.pendingRedactions.size >= limits.pendingRedactionsInMemoryMax) {
    for (const number of await redactionsOf(ports.db, view.room, eventId)) waiting.add(number)
  }
  const numbers = [...waiting].sort((a, b) => a - b)
  for (const redaction of await loadEvents(ports.db, view, numbers)) {
    if (await redactTarget(ports, view, unit, redaction, target)) return
  }
}

async function redactTarget(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  redaction: StoredEvent,
  target: StoredEvent,
): Promise<boolean> {
  if (target.redactedBy !== undefined || target.pdu.type === 'm.room.create') return true
  if (!canRedact(redaction.pdu, target.pdu, await levelsNow(ports, view), view.rules)) return false
  const redacted: StoredEvent = { ...target, pdu: redactPdu(target.pdu, view.rules), redactedBy: redaction.event }
  unit.draft.add(markRedacted, view.room, target.event, redaction.event)
  // The body may be a row of this very unit: its insert comes first, since writes go in the order in which they are named.
  unit.addLast(replaceBody, [view.room, target.event, encoder.encode(redacted.pdu.json)])
  unit.replace(redacted)
  dropRelation(view, unit, target)
  return true
}

/**
 * Is this a redaction that is not applied, of an event that we have? Clients are not shown it: they would take the words away all the
 * same (Room Version 3, "Handling redactions").
 */
export async function isVoidRedaction(ports: EnginePorts, view: RoomView, pdu: Pdu): Promise<boolean> {
  const target = pdu.redacts === undefined ? undefined : await findEvent(ports.db, view, pdu.redacts)
  return target !== undefined && !canRedact(pdu, target.pdu, await levelsNow(ports, view), view.rules)
}

/**
 * A redaction of one of our users is of what they said themselves, or they may redact what others say: other servers only see that
 * both are of the same server. Throws M_FORBIDDEN. Client-Server API, "Redactions".
 */
export async function requireRedactable(ports: EnginePorts, view: RoomView, redaction: Pdu): Promise<void> {
  const target = redaction.redacts === undefined ? undefined : await findEvent(ports.db, view, redaction.redacts)
  if (target?.pdu.sender === redaction.sender) return
  if (reachesRedactLevel(redaction.sender, await levelsNow(ports, view), view.rules)) return
  throw new MatrixError('M_FORBIDDEN', 'You may not redact what others say in this room')
}

function levelsNow(ports: EnginePorts, view: RoomView): Promise<LoadedState> {
  return stateFor(ports.db, view, view.current, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ])
}

const encoder = new TextEncoder()
