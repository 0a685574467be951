import { serverOf, type ServerName } from '@causeway/events'
import type { LocalKeys } from '../e2ee/local-keys.ts'
import { userDevicesJson } from '../e2ee/own-device-lists.ts'
import { MatrixError } from '../errors.ts'
import { getUserDevices as getUserDevicesContract } from '../federation/wire/devices.ts'
import { endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'

/** GET /_matrix/federation/v1/user/devices/{userId}. Server-Server API, "Device Management". */
export const getUserDevices = endpoint({
  method: getUserDevicesContract.method,
  path: getUserDevicesContract.path,
  summary: "Tell all of a user's devices with keys.",
  auth: 'server',
  limit: 'federation',

  async handle({ params }, { localKeys, serverName }: { readonly localKeys: LocalKeys; readonly serverName: ServerName }) {
    const { userId } = params
    if (serverOf(userId) !== serverName) throw new MatrixError('M_NOT_FOUND', 'The user is not of this server')
    // The number is read first: what changes in between is told again under a later one.
    const streamId = await localKeys.streamId(userId)
    return jsonReply(userDevicesJson(userId, streamId, await localKeys.listOf(userId)))
  },
})
