import type { Database } from '../../storage/database.ts'
import { relatedBy } from '../../storage/tables/relations.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber } from '../engine/state-vector.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { wantsEvent, type EventFilter } from '../history/event-filter.ts'
import { relatedByMax } from './limits.ts'

/** Which events of a room a filter wants. */
export interface EventChoice {
  /** Look up what judging these events takes. Absent when nothing has to be looked up. */
  readonly prepare?: (events: readonly StoredEvent[]) => Promise<void>
  /** Is it wanted? It must have been prepared. */
  readonly wants: (event: StoredEvent) => boolean
}

/** The choice of a filter; only `related_by_senders` and `related_by_rel_types` make it look something up. */
export function choiceOf(db: Database, view: RoomView, filter: EventFilter): EventChoice {
  const { relatedBySenders, relatedByRelTypes } = filter
  if (relatedBySenders === undefined && relatedByRelTypes === undefined) return { wants: (event) => wantsEvent(filter, event) }
  const related = new Set<EventNumber>()
  return {
    async prepare(events) {
      const open = events.filter((event) => !related.has(event.event) && wantsEvent(filter, event))
      if (open.length === 0 || !view.relations.any) return
      const byId = new Map<string, EventNumber>(open.map(({ pdu, event }) => [pdu.eventId, event]))
      for (const row of await relatedBy(db, view.room, [...byId.keys()], relatedByMax)) {
        const sender = view.keys.at(row.sender)?.stateKey ?? ''
        if (relatedBySenders?.has(sender) === false || relatedByRelTypes?.has(row.rel_type) === false) continue
        const event = byId.get(row.parent)
        if (event !== undefined) related.add(event)
      }
    },
    wants: (event) => related.has(event.event) && wantsEvent(filter, event),
  }
}
