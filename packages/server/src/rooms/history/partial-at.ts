import type { RoomView } from '../engine/room-view.ts'
import { includes, type Positions } from './positions.ts'

/** Was only a part of a room's state here, as far as a reader at these positions may know? */
export function isPartialAt(view: RoomView, positions: Positions): boolean {
  return view.partial !== undefined || (view.completion !== undefined && !includes(positions, view.completion))
}

/** Did the room's state become complete after some positions, up to others? */
export function isCompletedSince(view: RoomView, since: Positions | undefined, now: Positions): boolean {
  const { completion, partial } = view
  if (since === undefined || partial !== undefined || completion === undefined) return false
  return !includes(since, completion) && includes(now, completion)
}
