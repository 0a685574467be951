import type { DehydratedDevices } from '../../e2ee/dehydrated-devices.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { checkDeviceName } from '../../users/sessions/new-session.ts'
import { nullable } from '../nullable.ts'

/** PUT /dehydrated_device (MSC3814, unstable). */
export const putDehydratedDevice = endpoint({
  method: 'PUT',
  path: '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device',
  summary: 'Leave a device that takes in messages while none of the user runs; it takes the place of the one before.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({
    device_id: Type.String(),
    device_data: Type.Unknown(),
    initial_device_display_name: nullable(Type.String()),
    device_keys: Type.Optional(Type.Unknown()),
    one_time_keys: Type.Optional(Type.Unknown()),
    fallback_keys: Type.Optional(Type.Unknown()),
  }),

  async handle({ caller, body }, { dehydratedDevices }: { readonly dehydratedDevices: DehydratedDevices }) {
    const { device_id: deviceId, initial_device_display_name: name } = body
    await dehydratedDevices.put(caller, {
      deviceId,
      displayName: typeof name === 'string' ? checkDeviceName(name) : undefined,
      deviceData: body.device_data,
      deviceKeys: body.device_keys,
      oneTimeKeys: body.one_time_keys,
      fallbackKeys: body.fallback_keys,
    })
    return { device_id: deviceId }
  },
})
