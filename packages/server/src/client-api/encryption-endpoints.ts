import { uploadCrossSigningKeys } from './cross-signing/upload-cross-signing-keys.ts'
import { uploadCrossSigningSignatures } from './cross-signing/upload-cross-signing-signatures.ts'
import { deleteDehydratedDevice } from './dehydrated-devices/delete-dehydrated-device.ts'
import { getDehydratedDeviceEvents, postDehydratedDeviceEvents } from './dehydrated-devices/get-dehydrated-device-events.ts'
import { getDehydratedDevice } from './dehydrated-devices/get-dehydrated-device.ts'
import { putDehydratedDevice } from './dehydrated-devices/put-dehydrated-device.ts'
import { deleteRoomKeyBySessionId } from './key-backup/delete-room-key-by-session-id.ts'
import { deleteRoomKeysByRoomId } from './key-backup/delete-room-keys-by-room-id.ts'
import { deleteRoomKeysVersion } from './key-backup/delete-room-keys-version.ts'
import { deleteRoomKeys } from './key-backup/delete-room-keys.ts'
import { getRoomKeyBySessionId } from './key-backup/get-room-key-by-session-id.ts'
import { getRoomKeysByRoomId } from './key-backup/get-room-keys-by-room-id.ts'
import { getRoomKeysVersionCurrent } from './key-backup/get-room-keys-version-current.ts'
import { getRoomKeysVersion } from './key-backup/get-room-keys-version.ts'
import { getRoomKeys } from './key-backup/get-room-keys.ts'
import { postRoomKeysVersion } from './key-backup/post-room-keys-version.ts'
import { putRoomKeyBySessionId } from './key-backup/put-room-key-by-session-id.ts'
import { putRoomKeysByRoomId } from './key-backup/put-room-keys-by-room-id.ts'
import { putRoomKeysVersion } from './key-backup/put-room-keys-version.ts'
import { putRoomKeys } from './key-backup/put-room-keys.ts'
import { claimKeys } from './keys/claim-keys.ts'
import { getKeysChanges } from './keys/get-keys-changes.ts'
import { queryKeys } from './keys/query-keys.ts'
import { uploadKeys } from './keys/upload-keys.ts'
import { sendToDevice } from './to-device/send-to-device.ts'

/** The operations of end-to-end encryption: keys, signatures, backups, messages between devices. */
export const encryptionEndpoints = [
  uploadCrossSigningKeys,
  uploadCrossSigningSignatures,
  deleteDehydratedDevice,
  getDehydratedDevice,
  putDehydratedDevice,
  deleteRoomKeyBySessionId,
  deleteRoomKeysByRoomId,
  deleteRoomKeysVersion,
  deleteRoomKeys,
  getRoomKeyBySessionId,
  getRoomKeysByRoomId,
  getRoomKeysVersionCurrent,
  getRoomKeysVersion,
  getRoomKeys,
  postRoomKeysVersion,
  putRoomKeyBySessionId,
  putRoomKeysByRoomId,
  putRoomKeysVersion,
  putRoomKeys,
  claimKeys,
  queryKeys,
  uploadKeys,
  sendToDevice,
] as const

/** Those that follow the stream of /sync. */
export const deviceListEndpoints = [getKeysChanges, getDehydratedDeviceEvents, postDehydratedDeviceEvents] as const
