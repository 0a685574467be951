import type { HistoryVisibility, Membership } from '@causeway/events'
import type { StoredEvent } from '../engine/stored-event.ts'

/** What decides whether a user may read an event: both as they were in the room's state at the event. */
export interface Standpoint {
  readonly visibility: HistoryVisibility
  /** Absent for somebody who had none. */
  readonly membership: Membership | undefined
}

/**
 * May a user read an event? `at` is the state after it, `before` the state before it, which counts as well for the events
 * that change visibility or the user's own membership. `joinedUntil`: the live position from which on the user was no
 * longer joined, for good. Client-Server API, "Room history visibility", server behaviour.
 */
export function mayRead(event: Pick<StoredEvent, 'pos'>, at: Standpoint, before: Standpoint, joinedUntil: number): boolean {
  const joinedLater = (event.pos ?? Infinity) < joinedUntil
  return allows(at, joinedLater) || (before !== at && allows(before, joinedLater))
}

function allows(standpoint: Standpoint, joinedLater: boolean): boolean {
  const { visibility, membership } = standpoint
  if (visibility === 'world_readable' || membership === 'join') return true
  if (visibility === 'shared') return joinedLater
  return visibility === 'invited' && membership === 'invite'
}
