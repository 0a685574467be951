import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { mediaRequestMsMax } from '../../media/limits.ts'
import { checkMediaId } from '../../media/media-id.ts'
import type { Uploads } from '../../media/uploads.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'

export const uploadContentToMxc = endpoint({
  method: 'PUT',
  path: '/_matrix/media/v3/upload/{serverName}/{mediaId}',
  summary: 'Upload the file of an URI that was made before.',
  auth: 'user',
  limit: 'media',
  streamsBody: true,
  msMax: mediaRequestMsMax,
  query: Type.Object({ filename: Type.Optional(Type.String()) }),
  async handle(request, { uploads }: { readonly uploads: Uploads }) {
    const { caller, params, query, headers } = request
    refuseSuspended(caller)
    const body = request.openBody(uploads.bytesMax)
    const upload = { contentType: headers['content-type'], fileName: query.filename, body }
    await uploads.uploadTo(caller.userId, params.serverName, checkMediaId(params.mediaId), upload)
    return {}
  },
})
