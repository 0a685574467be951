import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { mediaRequestMsMax } from '../../media/limits.ts'
import type { Uploads } from '../../media/uploads.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'

export const uploadContent = endpoint({
  method: 'POST',
  path: '/_matrix/media/v3/upload',
  also: ['/_matrix/media/r0/upload', '/_matrix/media/v1/upload'],
  summary: 'Upload a file.',
  auth: 'user',
  limit: 'media',
  streamsBody: true,
  msMax: mediaRequestMsMax,
  query: Type.Object({ filename: Type.Optional(Type.String()) }),
  async handle(request, { uploads }: { readonly uploads: Uploads }) {
    const { caller, query, headers } = request
    refuseSuspended(caller)
    const body = request.openBody(uploads.bytesMax)
    return { content_uri: await uploads.upload(caller.userId, { contentType: headers['content-type'], fileName: query.filename, body }) }
  },
})
