import { endpoint } from '../../http/endpoint.ts'
import type { Devices } from '../../users/sessions/devices.ts'
import { deviceJson } from './device-json.ts'

export const getDevice = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/devices/{deviceId}',
  also: ['/_matrix/client/r0/devices/{deviceId}'],
  summary: "Tell about one of the user's devices.",
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { devices }: { readonly devices: Devices }) {
    return deviceJson(await devices.get(caller.userId, params.deviceId))
  },
})
