import type { Database } from '../../storage/database.ts'
import { loadEvents } from './load-room.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber } from './state-vector.ts'
import type { StoredEvent } from './stored-event.ts'

/** The auth chain of some events: all that they rest on, themselves left out. Level by level, so that a long chain costs few reads. */
export async function authChainOf(db: Database, view: RoomView, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const seen = new Set<EventNumber>()
  const chain: StoredEvent[] = []
  let level = events
  while (level.length > 0) {
    const next = new Set<EventNumber>()
    for (const event of level) for (const number of event.edges.auth) if (number !== 0 && !seen.has(number)) next.add(number)
    for (const number of next) seen.add(number)
    level = await loadEvents(db, view, [...next])
    chain.push(...level)
  }
  return chain
}
