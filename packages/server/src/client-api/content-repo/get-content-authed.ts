import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { mediaRequestMsMax } from '../../media/limits.ts'
import { checkMediaId } from '../../media/media-id.ts'
import type { MediaLibrary } from '../../media/media-library.ts'
import { mediaReply } from './media-reply.ts'

export const getContentAuthed = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/media/download/{serverName}/{mediaId}',
  summary: 'Download a file.',
  auth: 'user',
  limit: 'media',
  msMax: mediaRequestMsMax,
  query: Type.Object({ timeout_ms: Type.Optional(Type.Integer()) }),
  async handle(request, { mediaLibrary }: { readonly mediaLibrary: MediaLibrary }) {
    const { params, query, waiting } = request
    const media = await mediaLibrary.find(params.serverName, checkMediaId(params.mediaId), { timeoutMs: query.timeout_ms, waiting })
    const file = await mediaLibrary.open(media.hash)
    return mediaReply(request, file, { contentType: media.content_type, fileName: media.file_name ?? undefined })
  },
})
