import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Tags } from '../../users/account-data/tags.ts'
import { ownUser } from '../own-user.ts'

export const setRoomTag = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}',
  also: ['/_matrix/client/r0/user/{userId}/rooms/{roomId}/tags/{tag}'],
  summary: 'Tag a room.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ order: Type.Optional(Type.Number()) }),
  async handle({ caller, params, body }, { tags }: { readonly tags: Tags }) {
    await tags.set(ownUser(caller, params.userId), params.roomId, params.tag, body)
    return {}
  },
})
