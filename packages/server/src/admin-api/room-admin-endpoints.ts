import type { Endpoint } from '../http/endpoint.ts'
import type { FlaggedRooms } from '../rooms/flagged-rooms.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { listFlaggedRooms } from './rooms/list-flagged-rooms.ts'
import { unflagRoom } from './rooms/unflag-room.ts'
import { upgradeRoom } from './rooms/upgrade-room.ts'

/** What the administration of rooms needs. */
export interface RoomAdminServices {
  readonly rooms: Rooms
  readonly flaggedRooms: FlaggedRooms
  readonly clientFacts: { readonly defaultRoomVersion: string }
}

/** The operator's operations on rooms, on the unix socket. */
export const roomAdminEndpoints: readonly Endpoint<RoomAdminServices>[] = [listFlaggedRooms, unflagRoom, upgradeRoom]
