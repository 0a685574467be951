import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { devicesPerUserMax } from '../../users/limits.ts'
import { checkDeviceId } from '../../users/sessions/new-session.ts'
import type { Sessions } from '../../users/sessions/sessions.ts'
import { passwordFlow } from '../../users/uia/stage.ts'
import type { Uia } from '../../users/uia/uia.ts'

interface Services {
  readonly sessions: Sessions
  readonly uia: Uia
}

export const deleteDevices = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/delete_devices',
  also: ['/_matrix/client/r0/delete_devices'],
  summary: "End several of the user's devices and their sessions.",
  auth: 'user',
  limit: 'write',
  body: Type.Object({ auth: Type.Optional(Type.Unknown()), devices: Type.Array(Type.String(), { maxItems: devicesPerUserMax }) }),
  async handle({ caller, body, address }, { sessions, uia }: Services) {
    for (const deviceId of body.devices) checkDeviceId(deviceId)
    const proof = await uia.prove({ operation: 'deleteDevices', body, userId: caller.userId, flows: passwordFlow, address })
    if (!proof.passed) return proof.reply
    await sessions.removeDevices(caller.userId, [...new Set(body.devices)], proof.spent)
    return {}
  },
})
