import { membershipOfEvent, type UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { membershipIn } from '../../storage/tables/memberships.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { membershipStepsMax } from './limits.ts'

/** When a user was last joined to a room. */
export type LastJoined =
  | { readonly when: 'now' }
  /** Until `left`, the event that ended it. */
  | { readonly when: 'before'; readonly left: StoredEvent }
  | { readonly when: 'never' }

const now: LastJoined = { when: 'now' }
const never: LastJoined = { when: 'never' }

/** When a user of ours was last joined: their memberships are followed back from the current one. */
export async function lastJoined(db: Database, view: RoomView, userId: UserId): Promise<LastJoined> {
  if (view.localJoined.has(userId)) return now
  const key = view.keys.find('m.room.member', userId)
  if (key === undefined) return never
  let number = view.current.state.get(key)
  let later: StoredEvent | undefined
  for (let step = 0; number !== 0 && step < membershipStepsMax; step += 1) {
    const [event] = await loadEvents(db, view, [number])
    if (event === undefined) return never
    if (membershipOfEvent(event.pdu) === 'join') return later === undefined ? now : { when: 'before', left: later }
    later = event
    number = (await loadNode(db, view, event.stateBefore)).state.get(key)
  }
  return never
}

/** The same, but who forgot the room reads it as if they had never been there (Client-Server API, "Leaving rooms"). */
export async function lastJoinedUnforgotten(db: Database, view: RoomView, userId: UserId): Promise<LastJoined> {
  const joined = await lastJoined(db, view, userId)
  if (joined.when !== 'before') return joined
  const row = await membershipIn(db, view.room, userId)
  return row?.forgotten === 1 ? never : joined
}

/** The live position from which on the user was no longer joined: what came earlier may be theirs to read as a member. */
export function joinedUntil(joined: LastJoined): number {
  if (joined.when === 'now') return Infinity
  return joined.when === 'before' ? (joined.left.pos ?? -Infinity) : -Infinity
}
