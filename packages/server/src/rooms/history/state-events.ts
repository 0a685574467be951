import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber, StateVector } from '../engine/state-vector.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { sliceEvents } from './limits.ts'

/** The numbers of a state's events, or of those of one type. */
export function numbersInState(view: RoomView, state: StateVector, type?: string): EventNumber[] {
  const numbers: EventNumber[] = []
  if (type === undefined) for (const [, event] of state.entries()) numbers.push(event)
  else {
    for (const [, key] of view.keys.ofType(type)) {
      const event = state.get(key)
      if (event !== 0) numbers.push(event)
    }
  }
  return numbers
}

/** Load events and make something of each, in slices: a large room's members must not hold up everybody else. */
export async function mapEvents<T>(
  ports: { readonly db: Database; readonly clock: Clock },
  view: RoomView,
  numbers: readonly EventNumber[],
  make: (event: StoredEvent) => T,
): Promise<T[]> {
  const made: T[] = []
  for (let at = 0; at < numbers.length; at += sliceEvents) {
    if (at > 0) await ports.clock.sleep(0)
    for (const event of await loadEvents(ports.db, view, numbers.slice(at, at + sliceEvents))) made.push(make(event))
  }
  return made
}
