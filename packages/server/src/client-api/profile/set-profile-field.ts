import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Profiles } from '../../users/profiles/profiles.ts'
import { checkProfileKey } from '../../users/profiles/profile-field.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { ownUser } from '../own-user.ts'

export const setProfileField = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/profile/{userId}/{keyName}',
  also: ['/_matrix/client/r0/profile/{userId}/{keyName}', '/_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}/{keyName}'],
  summary: "Set a field of the user's profile.",
  auth: 'user',
  limit: 'write',
  body: Type.Record(Type.String(), Type.Unknown()),
  async handle({ caller, params, body }, { profiles }: { readonly profiles: Profiles }) {
    const userId = ownUser(caller, params.userId)
    refuseSuspended(caller)
    checkProfileKey(params.keyName)
    if (!Object.hasOwn(body, params.keyName)) throw new MatrixError('M_MISSING_PARAM', `${params.keyName} is missing`)
    await profiles.setField(userId, params.keyName, body[params.keyName])
    return {}
  },
})
