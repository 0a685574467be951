import type { RoomId } from '@causeway/events'
import { includes } from '../rooms/history/positions.ts'
import { completionsOfRooms, newestOfRooms, newestReceiptsOfRooms } from '../storage/tables/history.ts'
import type { RecentLog } from './recent-log.ts'
import type { StreamPoint } from './stream-token.ts'
import type { SyncPorts } from './sync-ports.ts'
import type { RoomMembership, UserRooms } from './user-rooms.ts'

/** What may hold news for a user since a point: rooms to look at, and whether anything of their own changed. */
export interface Changes {
  readonly rooms: readonly RoomMembership[]
  readonly userChanged: boolean
}

/**
 * Which of a user's rooms changed after `from`: by the recent log, or by storage for a client that comes from further back.
 */
export function changesSince(ports: SyncPorts, log: RecentLog, user: UserRooms, from: StreamPoint): Changes | Promise<Changes> {
  if (!log.covers(from.positions)) return changesInStorage(ports, user, from)
  const found = new Map<RoomId, RoomMembership>()
  const add = (roomId: RoomId): void => {
    const membership = user.rooms.get(roomId)
    if (membership !== undefined) found.set(roomId, membership)
  }
  const changed = log.roomsSince(from.positions, user.userId)
  if (changed !== undefined) for (const roomId of changed) add(roomId)
  else for (const roomId of user.rooms.keys()) if (log.roomChanged(roomId, user.userId, from.positions)) add(roomId)
  addTyping(ports, user, from, add)
  const userChanged = log.userChanged(user.userId, from.positions)
  if (userChanged) addMemberships(user, from, found)
  return { rooms: [...found.values()], userChanged }
}

function addTyping(ports: SyncPorts, user: UserRooms, from: StreamPoint, add: (roomId: RoomId) => void): void {
  const typing = ports.typing.roomsSince(from.typing)
  if (typing !== undefined) for (const roomId of typing) add(roomId)
  else for (const roomId of user.rooms.keys()) if (ports.typing.changedSince(roomId, from.typing)) add(roomId)
}

function addMemberships(user: UserRooms, from: StreamPoint, found: Map<RoomId, RoomMembership>): void {
  for (const membership of user.rooms.values()) if (!includes(from.positions, membership)) found.set(membership.roomId, membership)
}

async function changesInStorage(ports: SyncPorts, user: UserRooms, from: StreamPoint): Promise<Changes> {
  const found = new Map<RoomId, RoomMembership>()
  addMemberships(user, from, found)
  const { db } = ports
  const [newest, receipts] = [await newestOfRooms(db, user.userId), await newestReceiptsOfRooms(db, user.userId)]
  const rows = [...newest, ...receipts, ...(await completionsOfRooms(db, user.userId))]
  const rooms = new Set(rows.filter((row) => !includes(from.positions, row)).map(({ room }) => room))
  for (const membership of user.rooms.values()) if (rooms.has(membership.room)) found.set(membership.roomId, membership)
  addTyping(ports, user, from, (roomId) => {
    const membership = user.rooms.get(roomId)
    if (membership !== undefined) found.set(roomId, membership)
  })
  return { rooms: [...found.values()], userChanged: true }
}
