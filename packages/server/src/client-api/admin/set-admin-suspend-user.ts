import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { moderatedUser, type ModerationServices } from './moderated-user.ts'

export const setAdminSuspendUser = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v1/admin/suspend/{userId}',
  summary: 'Suspend or readmit an account.',
  auth: 'admin',
  limit: 'write',
  body: Type.Object({ suspended: Type.Boolean() }),
  async handle({ params, body }, services: ModerationServices) {
    await moderatedUser(services, params.userId)
    await services.accounts.setStanding(params.userId, { suspended: body.suspended })
    return { suspended: body.suspended }
  },
})
