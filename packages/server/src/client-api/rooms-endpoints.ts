import { ban } from './banning/ban.ts'
import { unban } from './banning/unban.ts'
import { createRoom } from './create-room/create-room.ts'
import { deleteRoomAlias } from './directory/delete-room-alias.ts'
import { getLocalAliases } from './directory/get-local-aliases.ts'
import { getRoomIdByAlias } from './directory/get-room-id-by-alias.ts'
import { setRoomAlias } from './directory/set-room-alias.ts'
import { inviteUser } from './inviting/invite-user.ts'
import { joinRoomById } from './joining/join-room-by-id.ts'
import { joinRoom } from './joining/join-room.ts'
import { kick } from './kicking/kick.ts'
import { knockRoom } from './knocking/knock-room.ts'
import { forgetRoom } from './leaving/forget-room.ts'
import { leaveRoom } from './leaving/leave-room.ts'
import { getPublicRooms } from './list-public-rooms/get-public-rooms.ts'
import { getRoomVisibilityOnDirectory } from './list-public-rooms/get-room-visibility-on-directory.ts'
import { queryPublicRooms } from './list-public-rooms/query-public-rooms.ts'
import { setRoomVisibilityOnDirectory } from './list-public-rooms/set-room-visibility-on-directory.ts'
import { redactEvent } from './redaction/redact-event.ts'
import { getRoomSummary } from './room-summary/get-room-summary.ts'
import { getSpaceHierarchy } from './space-hierarchy/get-space-hierarchy.ts'
import { sendMessage } from './room-send/send-message.ts'
import { upgradeRoom } from './room-upgrades/upgrade-room.ts'
import { setRoomStateWithKey } from './room-state/set-room-state-with-key.ts'
import { removeThreadSubscription } from './thread-subscriptions/remove-thread-subscription.ts'
import { getWellknownPolicy } from './well-known/get-wellknown-policy.ts'
import { setThreadSubscription } from './thread-subscriptions/set-thread-subscription.ts'

/** The operations that change rooms, and the room directory. */
export const roomsEndpoints = [
  ban,
  createRoom,
  deleteRoomAlias,
  forgetRoom,
  getLocalAliases,
  getPublicRooms,
  getRoomIdByAlias,
  getRoomSummary,
  getRoomVisibilityOnDirectory,
  getSpaceHierarchy,
  getWellknownPolicy,
  inviteUser,
  joinRoom,
  joinRoomById,
  kick,
  knockRoom,
  leaveRoom,
  queryPublicRooms,
  redactEvent,
  removeThreadSubscription,
  sendMessage,
  setRoomAlias,
  setRoomStateWithKey,
  setRoomVisibilityOnDirectory,
  setThreadSubscription,
  unban,
  upgradeRoom,
] as const
