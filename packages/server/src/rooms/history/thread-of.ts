import type { EventId, Pdu } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { findEvent } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { threadHopsMax } from '../relations/limits.ts'
import { relationOf } from '../relations/relation-of.ts'

/** Where an event belongs (Client-Server API, "Threaded read receipts"). */
export interface ThreadPlace {
  /** The root of its thread; `main` for the main timeline. */
  readonly thread: EventId | 'main'
  /** The event at the end of its relations: itself, if it relates to nothing. */
  readonly origin: EventId
}

/** Follow an event's relations, at most three of them, to a thread or to an event that relates to nothing. */
export async function threadOf(db: Database, view: RoomView, event: Pick<StoredEvent, 'pdu' | 'thread'>): Promise<ThreadPlace> {
  let at: Pick<StoredEvent, 'pdu' | 'thread'> | undefined = event
  let origin = event.pdu.eventId
  for (let hop = 0; at !== undefined && hop < threadHopsMax; hop += 1) {
    if (at.thread !== undefined) return { thread: at.thread, origin: at.thread }
    const relation = relationOf(at.pdu)
    if (relation === undefined) break
    if (relation.type === 'm.thread') return { thread: relation.to, origin: relation.to }
    origin = relation.to
    at = await findEvent(db, view, relation.to)
  }
  return { thread: 'main', origin }
}

/** The thread that an event comes in, as far as its relations are known now. An event without a relation costs nothing. */
export async function threadAtPlace(db: Database, view: RoomView, pdu: Pdu): Promise<EventId | undefined> {
  if (relationOf(pdu) === undefined) return undefined
  const { thread } = await threadOf(db, view, { pdu, thread: undefined })
  return thread === 'main' ? undefined : thread
}

/** May a receipt on an event at this place be of this thread? The root of a thread is in both. */
export function isInThread(place: ThreadPlace, thread: string): boolean {
  return place.thread === thread || (place.thread === 'main' && place.origin === thread)
}
