import { endpoint } from '../../http/endpoint.ts'
import { moderatedUser, type ModerationServices } from './moderated-user.ts'

export const getAdminSuspendUser = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/admin/suspend/{userId}',
  summary: 'Tell whether an account is suspended.',
  auth: 'admin',
  limit: 'read',
  async handle({ params }, services: ModerationServices) {
    const { suspended } = await moderatedUser(services, params.userId)
    return { suspended }
  },
})
