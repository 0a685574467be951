import { endpoint } from '../../http/endpoint.ts'
import type { Tags } from '../../users/account-data/tags.ts'
import { ownUser } from '../own-user.ts'

export const deleteRoomTag = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}',
  also: ['/_matrix/client/r0/user/{userId}/rooms/{roomId}/tags/{tag}'],
  summary: 'Remove a tag from a room.',
  auth: 'user',
  limit: 'write',
  async handle({ caller, params }, { tags }: { readonly tags: Tags }) {
    await tags.remove(ownUser(caller, params.userId), params.roomId, params.tag)
    return {}
  },
})
