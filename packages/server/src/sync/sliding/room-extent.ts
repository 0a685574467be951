import { membershipOfEvent } from '@causeway/events'
import { loadEvents, loadNode } from '../../rooms/engine/load-room.ts'
import type { RoomView } from '../../rooms/engine/room-view.ts'
import type { StateVector } from '../../rooms/engine/state-vector.ts'
import { joinedUntil, lastJoined } from '../../rooms/history/last-joined.ts'
import { livePosAt } from '../../rooms/history/live-position.ts'
import { isCompletedSince } from '../../rooms/history/partial-at.ts'
import { includes, type Positions } from '../../rooms/history/positions.ts'
import { RoomSight } from '../../rooms/history/room-sight.ts'
import { wasJoined } from '../joined-room.ts'
import type { SyncPorts } from '../sync-ports.ts'
import type { RoomMembership } from '../user-rooms.ts'
import type { SlidingWish } from './sliding-wish.ts'

/** How much of a room there is for a reader, and from where on the client has not got it. Live positions. */
export interface RoomExtent {
  readonly view: RoomView
  readonly sight: RoomSight
  /** Up to where the client has it; 0 for a client that has nothing, or nothing of this stay in the room. */
  readonly from: number
  readonly upTo: number
  /** The state at `upTo`: of a reader who left, the one that they left behind, and nothing after it. */
  readonly end: StateVector
  /** The user was not in the room when the client last was told of it. */
  readonly isNew: boolean
  /** The rest of the room's state came since then: its members, and with them its counts. */
  readonly completed: boolean
  /** Left without ever having been in the room: only the leaving itself is shown. */
  readonly onlyOwn: boolean
}

/** The extent of a room that the user is joined to, or was, since a point. Absent where this server has nothing to show. */
export async function extentOf(
  ports: SyncPorts,
  wish: SlidingWish,
  membership: RoomMembership,
  since: Positions | undefined,
): Promise<RoomExtent | undefined> {
  const view = await ports.engine.view(membership.roomId)
  if (view === undefined) return undefined
  return membership.membership === 'join'
    ? joinedExtent(ports, wish, membership, since, view)
    : leftExtent(ports, wish, membership, since, view)
}

async function joinedExtent(
  ports: SyncPorts,
  wish: SlidingWish,
  membership: RoomMembership,
  since: Positions | undefined,
  view: RoomView,
): Promise<RoomExtent> {
  const { userId } = wish.caller
  const upTo = await livePosAt(ports.db, view, wish.now.positions)
  const sincePos = since === undefined ? 0 : await livePosAt(ports.db, view, since)
  const moved = since !== undefined && !includes(since, membership)
  const completed = isCompletedSince(view, since, wish.now.positions)
  const wasWrong = completed && view.completion?.corrected === true
  const isNew = wasWrong || (moved && !(await wasJoined(ports, view, userId, sincePos, upTo)))
  const end = await ports.stateHistory.stateAt(view, upTo)
  const sight = new RoomSight(ports.engine.ports, view, userId, Infinity)
  return { view, sight, from: isNew ? 0 : sincePos, upTo, end, isNew, completed, onlyOwn: false }
}

async function leftExtent(
  ports: SyncPorts,
  wish: SlidingWish,
  membership: RoomMembership,
  since: Positions | undefined,
  view: RoomView,
): Promise<RoomExtent | undefined> {
  const { userId } = wish.caller
  const [left] = membership.event === 0 ? [] : await loadEvents(ports.db, view, [membership.event])
  if (left?.pos === undefined || membershipOfEvent(left.pdu) !== membership.membership) return undefined
  const joined = await lastJoined(ports.db, view, userId)
  const sight = new RoomSight(ports.engine.ports, view, userId, joinedUntil(joined))
  const wasMember = joined.when === 'before' && joined.left.event === left.event
  const upTo = left.pos
  const sincePos = since === undefined ? 0 : Math.min(upTo, await livePosAt(ports.db, view, since))
  const knows = sincePos >= upTo || (sincePos > 0 && (await wasJoined(ports, view, userId, sincePos, upTo)))
  const isNew = since !== undefined && !knows
  const { state: end } = await loadNode(ports.db, view, left.stateAfter)
  const from = wasMember ? (isNew ? 0 : sincePos) : Math.max(sincePos, upTo - 1)
  return { view, sight, from, upTo, end, isNew, completed: false, onlyOwn: !wasMember }
}
