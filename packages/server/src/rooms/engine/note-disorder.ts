import { writeAuthDisorder } from '../../storage/tables/rooms.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber } from './state-vector.ts'

/**
 * An event rests on others. Those have lower numbers, unless it was kept before they came: then walks of the auth graph may not take
 * numbers for an order up to there.
 */
export function noteDisorder(view: RoomView, unit: RoomUnit, event: EventNumber, auth: readonly EventNumber[]): void {
  const highest = Math.max(...auth, 0)
  if (highest < event || highest <= view.authDisorder) return
  view.authDisorder = highest
  unit.draft.add(writeAuthDisorder, view.room, highest)
}
