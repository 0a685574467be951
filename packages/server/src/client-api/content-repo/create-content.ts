import { endpoint } from '../../http/endpoint.ts'
import type { Uploads } from '../../media/uploads.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'

export const createContent = endpoint({
  method: 'POST',
  path: '/_matrix/media/v1/create',
  summary: 'Make an URI for a file that is uploaded later.',
  auth: 'user',
  limit: 'media',
  async handle({ caller }, { uploads }: { readonly uploads: Uploads }) {
    refuseSuspended(caller)
    const { uri, expiresAt } = await uploads.create(caller.userId)
    return { content_uri: uri, unused_expires_at: expiresAt }
  },
})
