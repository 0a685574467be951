import { endpoint } from '../../http/endpoint.ts'
import { moderatedUser, type ModerationServices } from './moderated-user.ts'

export const getAdminLockUser = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/admin/lock/{userId}',
  summary: 'Tell whether an account is locked.',
  auth: 'admin',
  limit: 'read',
  async handle({ params }, services: ModerationServices) {
    const { locked } = await moderatedUser(services, params.userId)
    return { locked }
  },
})
