import { MatrixError } from '../../errors.ts'
import { annotationsOf, insertRelation, removeRelation } from '../../storage/tables/relations.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { findEvent, loadEvents } from '../engine/load-room.ts'
import type { EventWish } from '../engine/local-event.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { annotationHash, relationIn, relationOf } from './relation-of.ts'
import { annotationName } from './room-relations.ts'

/** An accepted event took its place: what it relates to is written with it. The parent need not be here yet. */
export function addRelation(view: RoomView, unit: RoomUnit, event: StoredEvent): void {
  const relation = relationOf(event.pdu)
  if (relation === undefined || event.pos === undefined) return
  const { relations } = view
  const { pdu, sender, depth, pos } = event
  const annotation = annotationHash(pdu.type, relation)
  unit.draft.add(
    insertRelation,
    view.room,
    event.event,
    relation.to,
    relation.type,
    depth,
    pos,
    sender,
    pdu.originServerTs,
    annotation ?? null,
  )
  relations.any = true
  relations.forget(relation.to, sender)
  const unsettled = annotation === undefined ? undefined : annotationName(relation.to, sender, annotation)
  if (unsettled !== undefined) relations.unsettled.add(unsettled)
  unit.whenSettled(() => {
    relations.forget(relation.to, sender)
    if (unsettled !== undefined) relations.unsettled.delete(unsettled)
  })
}

/** An event is redacted: it relates to nothing any more. `event` is as it was before. */
export function dropRelation(view: RoomView, unit: RoomUnit, event: StoredEvent): void {
  const relation = relationOf(event.pdu)
  if (relation === undefined) return
  const { relations } = view
  // The row may be one of this very unit.
  unit.addLast(removeRelation, [view.room, event.event])
  const annotation = annotationHash(event.pdu.type, relation)
  if (annotation !== undefined) relations.unsettled.delete(annotationName(relation.to, event.sender, annotation))
  relations.forget(relation.to, event.sender)
  unit.whenSettled(() => relations.forget(relation.to, event.sender))
}

/**
 * What a client may not send: the same annotation twice (M_DUPLICATE_ANNOTATION), and a reply in a thread whose root is
 * itself related to something (M_UNKNOWN). Client-Server API, "Avoiding duplicate annotations", "Validation of m.thread
 * relationships". Runs under the room's queue; an event without a relation costs nothing.
 */
export async function requireRelatable(ports: EnginePorts, view: RoomView, wish: EventWish): Promise<void> {
  const relation = relationIn(wish.content)
  if (relation === undefined) return
  if (relation.type === 'm.thread') {
    const root = await findEvent(ports.db, view, relation.to)
    if (root === undefined || relationOf(root.pdu) === undefined) return
    throw new MatrixError('M_UNKNOWN', 'A thread cannot start from an event that is itself related to another', { status: 400 })
  }
  const annotation = annotationHash(wish.type, relation)
  const sender = view.keys.find('m.room.member', wish.sender)
  if (annotation === undefined || sender === undefined || !view.relations.any) return
  if (view.relations.unsettled.has(annotationName(relation.to, sender, annotation))) throw duplicate()
  const rows = await annotationsOf(ports.db, view.room, relation.to, sender, annotation)
  const same = await loadEvents(
    ports.db,
    view,
    rows.map(({ child }) => child),
  )
  // One that was redacted just now may still have its row; and the hash alone proves nothing.
  if (same.some(({ pdu }) => pdu.type === wish.type && relationOf(pdu)?.key === relation.key)) throw duplicate()
}

function duplicate(): MatrixError {
  return new MatrixError('M_DUPLICATE_ANNOTATION', 'You have already sent this annotation')
}
