import type { RoomId, UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { markForgotten, membershipIn } from '../../storage/tables/memberships.ts'
import type { RoomAnnouncement } from '../engine/room-announcement.ts'
import type { RoomEngine } from '../engine/room-engine.ts'

/**
 * The user no longer wants to know of a room that they have left (Client-Server API, "Leaving rooms"). Throws M_UNKNOWN
 * with status 400 while they are in it, M_NOT_FOUND for a room that they never were in.
 */
export async function forgetRoom(engine: RoomEngine, roomId: RoomId, userId: UserId): Promise<void> {
  const view = await engine.view(roomId)
  const row = view === undefined ? undefined : await membershipIn(engine.ports.db, view.room, userId)
  if (view === undefined || row === undefined) throw new MatrixError('M_NOT_FOUND', 'You were never in this room')
  if (row.membership !== 'leave' && row.membership !== 'ban') {
    throw new MatrixError('M_UNKNOWN', 'You are still in this room: leave it first', { status: 400 })
  }
  const forgotten: RoomAnnouncement = {
    kind: 'room',
    room: view.room,
    roomId,
    slot: engine.ports.db.slot,
    position: 0,
    events: [],
    memberships: [{ userId, membership: row.membership }],
    departures: [],
  }
  await engine.ports.db.commit({ steps: [{ query: markForgotten(view.room, userId) }], announcements: [forgotten] })
}
