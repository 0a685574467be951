import type { DehydratedDevices } from '../../e2ee/dehydrated-devices.ts'
import { endpoint } from '../../http/endpoint.ts'

/** GET /dehydrated_device (MSC3814, unstable). */
export const getDehydratedDevice = endpoint({
  method: 'GET',
  path: '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device',
  summary: 'Give the dehydrated device with its private part, as its owner encrypted it.',
  auth: 'user',
  limit: 'read',

  async handle({ caller }, { dehydratedDevices }: { readonly dehydratedDevices: DehydratedDevices }) {
    const { deviceId, deviceData } = await dehydratedDevices.get(caller.userId)
    return { device_id: deviceId, device_data: deviceData }
  },
})
