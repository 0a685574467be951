import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { Profiles } from '../../users/profiles/profiles.ts'

export const getUserProfile = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/profile/{userId}',
  also: ['/_matrix/client/r0/profile/{userId}'],
  summary: "Tell a user's profile.",
  auth: 'none',
  limit: 'read',
  async handle({ params }, { profiles }: { readonly profiles: Profiles }) {
    return jsonReply(canonicalJson(await profiles.get(params.userId)))
  },
})
