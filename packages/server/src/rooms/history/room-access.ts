import { historyVisibility, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { loadNode } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StateVector } from '../engine/state-vector.ts'
import { stateFor } from '../engine/view-state.ts'
import { joinedUntil, lastJoinedUnforgotten, type LastJoined } from './last-joined.ts'
import { livePosAt } from './live-position.ts'
import type { ReadingPorts } from './reading-ports.ts'
import { RoomSight } from './room-sight.ts'

/** As what somebody reads a room, and which of its states is theirs to read. */
export interface RoomAccess {
  readonly view: RoomView
  readonly joined: LastJoined
  /** Read because of the room's visibility alone, or beyond the time in the room. */
  readonly worldReadable: boolean
}

/**
 * How a user of ours may read a room: as a member, as a former member up to their leaving, or because everybody may.
 * Absent when they may not, and when there is no such room: nobody is told which of the two it is.
 */
export async function findAccess(engine: RoomEngine, roomId: RoomId, userId: UserId): Promise<RoomAccess | undefined> {
  const view = await engine.view(roomId)
  if (view === undefined || !view.hasState) return undefined
  const { db } = engine.ports
  const joined = await lastJoinedUnforgotten(db, view, userId)
  if (joined.when === 'now') return { view, joined, worldReadable: false }
  const state = await stateFor(db, view, view.current, [['m.room.history_visibility', '']])
  const worldReadable = historyVisibility(state) === 'world_readable'
  return joined.when === 'never' && !worldReadable ? undefined : { view, joined, worldReadable }
}

/** The same, or M_FORBIDDEN. */
export async function requireAccess(engine: RoomEngine, roomId: RoomId, userId: UserId): Promise<RoomAccess> {
  const access = await findAccess(engine, roomId, userId)
  if (access === undefined) throw new MatrixError('M_FORBIDDEN', 'You are not a member of this room')
  return access
}

/** The room's state as the reader may know it: the current, durable one, or for a former member the one when they left. */
export async function readableState(ports: Pick<ReadingPorts, 'db' | 'stateHistory'>, access: RoomAccess): Promise<StateVector> {
  const { view, joined } = access
  if (joined.when === 'before' && !access.worldReadable) return (await loadNode(ports.db, view, joined.left.stateAfter)).state
  return ports.stateHistory.stateAt(view, await livePosAt(ports.db, view, ports.db.positions()))
}

/** What the user sees of the room's events. */
export function sightOf(engine: RoomEngine, access: RoomAccess, userId: UserId): RoomSight {
  return new RoomSight(engine.ports, access.view, userId, joinedUntil(access.joined))
}
