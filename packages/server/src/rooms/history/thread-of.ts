import { isJsonObject, parseEventId, type EventId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { findEvent } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { threadHopsMax } from './limits.ts'

/** Where an event belongs (Client-Server API, "Threaded read receipts"). */
export interface ThreadPlace {
  /** The root of its thread; `main` for the main timeline. */
  readonly thread: EventId | 'main'
  /** The event at the end of its relations: itself, if it relates to nothing. */
  readonly origin: EventId
}

/** Follow an event's relations, at most three of them, to a thread or to an event that relates to nothing. */
export async function threadOf(db: Database, view: RoomView, event: StoredEvent): Promise<ThreadPlace> {
  let at: StoredEvent | undefined = event
  let origin = event.pdu.eventId
  for (let hop = 0; at !== undefined && hop < threadHopsMax; hop += 1) {
    const relation = relationOf(at)
    if (relation === undefined) break
    if (relation.type === 'm.thread') return { thread: relation.to, origin: relation.to }
    origin = relation.to
    at = await findEvent(db, view, relation.to)
  }
  return { thread: 'main', origin }
}

/** May a receipt on an event at this place be of this thread? The root of a thread is in both. */
export function isInThread(place: ThreadPlace, thread: string): boolean {
  return place.thread === thread || (place.thread === 'main' && place.origin === thread)
}

function relationOf(event: StoredEvent): { readonly type: string; readonly to: EventId } | undefined {
  const relates = event.pdu.content['m.relates_to']
  if (!isJsonObject(relates)) return undefined
  const { rel_type: type, event_id: target } = relates
  const to = typeof target === 'string' ? parseEventId(target) : undefined
  return typeof type === 'string' && to !== undefined ? { type, to } : undefined
}
