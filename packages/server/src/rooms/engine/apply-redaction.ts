import { canRedact, redactPdu } from '@causeway/events'
import { markRedacted, replaceBody } from '../../storage/tables/events.ts'
import { addPendingRedaction } from '../../storage/tables/rooms.ts'
import { dropRelation } from '../relations/place-relation.ts'
import type { EnginePorts } from './engine-ports.ts'
import { findEvent } from './load-room.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView } from './room-view.ts'
import type { StoredEvent } from './stored-event.ts'
import { stateFor } from './view-state.ts'

/**
 * Apply a redaction that has its place: the target's bytes give way to their redacted form. A target that we have not got
 * is redacted when it comes (Room Version 3, "Handling redactions").
 */
export async function applyRedaction(ports: EnginePorts, view: RoomView, unit: RoomUnit, redaction: StoredEvent): Promise<void> {
  const id = redaction.pdu.redacts
  if (id === undefined) return
  const target = await findEvent(ports.db, view, id)
  if (target !== undefined) return redactTarget(ports, view, unit, redaction, target)
  unit.draft.add(addPendingRedaction, view.room, id, redaction.event)
  view.pendingRedactions.set(id, redaction.event)
}

/** An event came for which a redaction was waiting. */
export async function applyPendingRedaction(ports: EnginePorts, view: RoomView, unit: RoomUnit, target: StoredEvent): Promise<void> {
  const number = view.pendingRedactions.get(target.pdu.eventId)
  const redaction = number === undefined ? undefined : view.event(number)
  if (redaction !== undefined) await redactTarget(ports, view, unit, redaction, target)
}

async function redactTarget(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  redaction: StoredEvent,
  target: StoredEvent,
): Promise<void> {
  if (target.redactedBy !== undefined || target.pdu.type === 'm.room.create') return
  const state = await stateFor(ports.db, view, view.current, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ])
  if (!canRedact(redaction.pdu, target.pdu, state, view.rules)) return
  const redacted: StoredEvent = { ...target, pdu: redactPdu(target.pdu, view.rules), redactedBy: redaction.event }
  unit.draft.add(markRedacted, view.room, target.event, redaction.event)
  // The body may be a row of this very unit: its insert comes first, since writes go in the order in which they are named.
  unit.addLast(replaceBody, [view.room, target.event, encoder.encode(redacted.pdu.json)])
  view.replace(redacted)
  dropRelation(view, unit, target)
}

const encoder = new TextEncoder()
