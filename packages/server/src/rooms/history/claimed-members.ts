import type { Database } from '../../storage/database.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber, KeyNumber, StateVector } from '../engine/state-vector.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'

/**
 * Senders of events whose member events are missing in a part of a room's state, with the member events that their events
 * rest on (MSC3902: a client that loads members lazily is told of each sender). Empty for a room whose state is whole.
 */
export async function claimedMembers(
  db: Database,
  view: RoomView,
  state: StateVector,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<KeyNumber, EventNumber>> {
  const claimed = new Map<KeyNumber, EventNumber>()
  if (view.partial === undefined) return claimed
  for (const event of events) {
    if (state.get(event.sender) !== 0 || claimed.has(event.sender)) continue
    const rests = await loadEvents(
      db,
      view,
      event.edges.auth.filter((number) => number !== 0),
    )
    const member = rests.find((each) => each.key === event.sender && each.standing !== standing.rejected)
    if (member !== undefined) claimed.set(event.sender, member.event)
  }
  return claimed
}
