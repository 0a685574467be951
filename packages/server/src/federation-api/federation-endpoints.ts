import { askPolicyServerToSign } from './ask-policy-server-to-sign.ts'
import { backfillRoom } from './backfill-room.ts'
import { bulkPerspectivesKeyQuery } from './bulk-perspectives-key-query.ts'
import { claimUserEncryptionKeys } from './claim-user-encryption-keys.ts'
import { getContentThumbnail } from './get-content-thumbnail.ts'
import { exchangeOpenIdToken } from './exchange-open-id-token.ts'
import { exchangeThirdPartyInvite } from './exchange-third-party-invite.ts'
import { getContent } from './get-content.ts'
import { getEventAuthorization } from './get-event-authorization.ts'
import { getEventByTimestamp } from './get-event-by-timestamp.ts'
import { getEvent } from './get-event.ts'
import { getMissingPreviousEvents } from './get-missing-previous-events.ts'
import { getPublicRooms } from './get-public-rooms.ts'
import { getRoomStateIds } from './get-room-state-ids.ts'
import { getRoomState } from './get-room-state.ts'
import { getServerKey } from './get-server-key.ts'
import { getSpaceHierarchy } from './get-space-hierarchy.ts'
import { getUserDevices } from './get-user-devices.ts'
import { getVersion } from './get-version.ts'
import { getWellKnownServer } from './get-well-known-server.ts'
import { makeJoin } from './make-join.ts'
import { makeKnock } from './make-knock.ts'
import { makeLeave } from './make-leave.ts'
import { onBindByPost, onBindThirdPartyIdentifier } from './on-bind-third-party-identifier.ts'
import { perspectivesKeyQuery } from './perspectives-key-query.ts'
import { queryProfile } from './query-profile.ts'
import { queryPublicRooms } from './query-public-rooms.ts'
import { queryRoomDirectory } from './query-room-directory.ts'
import { queryUserEncryptionKeys } from './query-user-encryption-keys.ts'
import { sendInviteV1 } from './send-invite-v1.ts'
import { sendInviteV2 } from './send-invite-v2.ts'
import { sendJoin, sendJoinV1 } from './send-join.ts'
import { sendKnock } from './send-knock.ts'
import { sendLeave, sendLeaveV1 } from './send-leave.ts'
import { sendTransaction } from './send-transaction.ts'

/** The operations for other servers. */
export const federationEndpoints = [
  askPolicyServerToSign,
  backfillRoom,
  bulkPerspectivesKeyQuery,
  claimUserEncryptionKeys,
  exchangeOpenIdToken,
  exchangeThirdPartyInvite,
  getContent,
  getContentThumbnail,
  getEvent,
  getEventAuthorization,
  getEventByTimestamp,
  getMissingPreviousEvents,
  getPublicRooms,
  getRoomState,
  getRoomStateIds,
  getServerKey,
  getSpaceHierarchy,
  getUserDevices,
  getVersion,
  getWellKnownServer,
  makeJoin,
  makeKnock,
  makeLeave,
  onBindByPost,
  onBindThirdPartyIdentifier,
  perspectivesKeyQuery,
  queryProfile,
  queryPublicRooms,
  queryRoomDirectory,
  queryUserEncryptionKeys,
  sendInviteV1,
  sendInviteV2,
  sendJoin,
  sendJoinV1,
  sendKnock,
  sendLeave,
  sendLeaveV1,
  sendTransaction,
] as const
