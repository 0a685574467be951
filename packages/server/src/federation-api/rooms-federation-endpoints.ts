import { backfillRoom } from './backfill-room.ts'
import { getEventAuthorization } from './get-event-authorization.ts'
import { getEvent } from './get-event.ts'
import { getMissingPreviousEvents } from './get-missing-previous-events.ts'
import { getRoomStateIds } from './get-room-state-ids.ts'
import { getRoomState } from './get-room-state.ts'
import { makeJoin } from './make-join.ts'
import { makeLeave } from './make-leave.ts'
import { queryRoomDirectory } from './query-room-directory.ts'
import { sendInviteV1 } from './send-invite-v1.ts'
import { sendInviteV2 } from './send-invite-v2.ts'
import { sendJoin } from './send-join.ts'
import { sendLeave } from './send-leave.ts'
import { sendTransaction } from './send-transaction.ts'

/** The operations by which other servers act in rooms and read them. */
export const roomsFederationEndpoints = [
  backfillRoom,
  getEvent,
  getEventAuthorization,
  getMissingPreviousEvents,
  getRoomState,
  getRoomStateIds,
  makeJoin,
  makeLeave,
  queryRoomDirectory,
  sendInviteV1,
  sendInviteV2,
  sendJoin,
  sendLeave,
  sendTransaction,
] as const
