import { endpoint } from '../../http/endpoint.ts'
import type { Devices } from '../../users/sessions/devices.ts'
import { deviceJson } from './device-json.ts'

export const getDevices = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/devices',
  also: ['/_matrix/client/r0/devices'],
  summary: "List the user's devices.",
  auth: 'user',
  limit: 'read',
  async handle({ caller }, { devices }: { readonly devices: Devices }) {
    return { devices: (await devices.list(caller.userId)).map(deviceJson) }
  },
})
