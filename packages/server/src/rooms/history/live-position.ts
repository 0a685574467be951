import type { Database } from '../../storage/database.ts'
import { writtenAt } from '../../storage/tables/history.ts'
import type { RoomView } from '../engine/room-view.ts'
import { includes, type Positions } from './positions.ts'

/** The live position of the newest event that `positions` include, if the events in memory tell. */
export function livePosInMemory(view: RoomView, positions: Positions): number | undefined {
  const { recent } = view
  for (let index = recent.length - 1; index >= 0; index -= 1) {
    const event = recent[index]
    if (event !== undefined && includes(positions, event)) return event.pos ?? 0
  }
  const oldest = recent[0]
  return oldest === undefined || oldest.pos === 1 ? 0 : undefined
}

/**
 * The live position of the newest event that `positions` include; 0 if there is none. Beyond what is in memory it is
 * searched by halves: live events become visible in their order.
 */
export async function livePosAt(db: Database, view: RoomView, positions: Positions): Promise<number> {
  const known = livePosInMemory(view, positions)
  if (known !== undefined) return known
  let low = 0
  let high = (view.recent[0]?.pos ?? 1) - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const written = await writtenAt(db, view.room, middle)
    if (written !== undefined && includes(positions, written)) low = middle
    else high = middle - 1
  }
  return low
}
