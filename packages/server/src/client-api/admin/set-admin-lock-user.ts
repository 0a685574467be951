import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { moderatedUser, type ModerationServices } from './moderated-user.ts'

export const setAdminLockUser = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v1/admin/lock/{userId}',
  summary: 'Lock or unlock an account.',
  auth: 'admin',
  limit: 'write',
  body: Type.Object({ locked: Type.Boolean() }),
  async handle({ params, body }, services: ModerationServices) {
    await moderatedUser(services, params.userId)
    await services.accounts.setStanding(params.userId, { locked: body.locked })
    return { locked: body.locked }
  },
})
