import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { Tags } from '../../users/account-data/tags.ts'
import { ownUser } from '../own-user.ts'

export const getRoomTags = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags',
  also: ['/_matrix/client/r0/user/{userId}/rooms/{roomId}/tags'],
  summary: "List the user's tags of a room.",
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { tags }: { readonly tags: Tags }) {
    return jsonReply(canonicalJson({ tags: await tags.of(ownUser(caller, params.userId), params.roomId) }))
  },
})
