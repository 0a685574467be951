import type { DehydratedDevices } from '../../e2ee/dehydrated-devices.ts'
import { endpoint } from '../../http/endpoint.ts'

/** DELETE /dehydrated_device (MSC3814, unstable). */
export const deleteDehydratedDevice = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device',
  summary: 'End the dehydrated device, with its keys and what waits for it.',
  auth: 'user',
  limit: 'write',

  async handle({ caller }, { dehydratedDevices }: { readonly dehydratedDevices: DehydratedDevices }) {
    return { device_id: await dehydratedDevices.remove(caller.userId) }
  },
})
