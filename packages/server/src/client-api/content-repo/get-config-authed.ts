import { endpoint } from '../../http/endpoint.ts'
import type { Uploads } from '../../media/uploads.ts'

export const getConfigAuthed = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/media/config',
  also: ['/_matrix/media/v3/config', '/_matrix/media/r0/config', '/_matrix/media/v1/config'],
  summary: 'Say how large an upload may be.',
  auth: 'user',
  limit: 'read',
  handle: (_request, { uploads }: { readonly uploads: Uploads }) => ({ 'm.upload.size': uploads.bytesMax }),
})
