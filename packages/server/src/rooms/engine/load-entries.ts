import { limits } from '../../limits.ts'
import type { TimeSlice } from '../../platform/time-slice.ts'
import type { Database } from '../../storage/database.ts'
import { linksByNumber } from '../../storage/tables/events.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber, KeyNumber } from './state-vector.ts'
import { standing } from './stored-event.ts'

/**
 * The entries that some events make in a state: those that are state events and have passed what could be judged of them. Their bodies
 * are left alone, for they may be a whole room.
 */
export async function loadEntries(
  db: Database,
  view: RoomView,
  numbers: readonly EventNumber[],
  slice: TimeSlice,
): Promise<(readonly [KeyNumber, EventNumber])[]> {
  const entries: (readonly [KeyNumber, EventNumber])[] = []
  const add = (event: { readonly key: KeyNumber; readonly standing: number }, number: EventNumber, isState: boolean): void => {
    if (isState && event.standing !== standing.rejected && event.standing !== standing.undecided) entries.push([event.key, number])
  }
  const absent: EventNumber[] = []
  for (const number of numbers) {
    const known = view.event(number)
    if (known === undefined) absent.push(number)
    else add(known, number, known.isState)
  }
  for (let at = 0; at < absent.length; at += limits.eventsPerReadMax) {
    const rows = await linksByNumber(db, view.room, absent.slice(at, at + limits.eventsPerReadMax))
    for (const row of rows) add(row, row.event, row.is_state === 1)
    if (slice.over) await slice.rest()
  }
  return entries
}
