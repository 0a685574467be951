import { endpoint } from '../../http/endpoint.ts'
import type { Profiles } from '../../users/profiles/profiles.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { ownUser } from '../own-user.ts'

export const deleteProfileField = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/profile/{userId}/{keyName}',
  also: ['/_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}/{keyName}'],
  summary: "Remove a field of the user's profile.",
  auth: 'user',
  limit: 'write',
  async handle({ caller, params }, { profiles }: { readonly profiles: Profiles }) {
    refuseSuspended(caller)
    await profiles.deleteField(ownUser(caller, params.userId), params.keyName)
    return {}
  },
})
