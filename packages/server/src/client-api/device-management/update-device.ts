import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Devices } from '../../users/sessions/devices.ts'
import { nullable } from '../nullable.ts'

export const updateDevice = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/devices/{deviceId}',
  also: ['/_matrix/client/r0/devices/{deviceId}'],
  summary: "Name one of the user's devices.",
  auth: 'user',
  limit: 'write',
  body: Type.Object({ display_name: nullable(Type.String()) }),
  async handle({ caller, params, body }, { devices }: { readonly devices: Devices }) {
    if (typeof body.display_name !== 'string') await devices.get(caller.userId, params.deviceId)
    else await devices.rename(caller.userId, params.deviceId, body.display_name)
    return {}
  },
})
