import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { checkDeviceId } from '../../users/sessions/new-session.ts'
import type { Sessions } from '../../users/sessions/sessions.ts'
import { passwordFlow } from '../../users/uia/stage.ts'
import type { Uia } from '../../users/uia/uia.ts'

interface Services {
  readonly sessions: Sessions
  readonly uia: Uia
}

export const deleteDevice = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/devices/{deviceId}',
  also: ['/_matrix/client/r0/devices/{deviceId}'],
  summary: "End one of the user's devices and its sessions.",
  auth: 'user',
  limit: 'write',
  body: Type.Object({ auth: Type.Optional(Type.Unknown()) }),
  async handle({ caller, params, body, address }, { sessions, uia }: Services) {
    const { deviceId } = params
    checkDeviceId(deviceId)
    const operation = `deleteDevice ${deviceId}`
    const proof = await uia.prove({ operation, body, userId: caller.userId, flows: passwordFlow, address })
    if (!proof.passed) return proof.reply
    await sessions.removeDevices(caller.userId, [deviceId], proof.spent)
    return {}
  },
})
