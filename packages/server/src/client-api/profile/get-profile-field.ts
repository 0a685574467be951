import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { Profiles } from '../../users/profiles/profiles.ts'

export const getProfileField = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/profile/{userId}/{keyName}',
  also: ['/_matrix/client/r0/profile/{userId}/{keyName}', '/_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}/{keyName}'],
  summary: "Tell a field of a user's profile.",
  auth: 'none',
  limit: 'read',
  async handle({ params }, { profiles }: { readonly profiles: Profiles }) {
    return jsonReply(canonicalJson(await profiles.getField(params.userId, params.keyName)))
  },
})
