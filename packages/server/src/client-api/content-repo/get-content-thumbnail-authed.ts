import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { mediaRequestMsMax } from '../../media/limits.ts'
import { checkMediaId } from '../../media/media-id.ts'
import type { MediaLibrary } from '../../media/media-library.ts'
import type { Thumbnails } from '../../media/thumbnails/thumbnails.ts'
import { mediaReply } from './media-reply.ts'

interface Services {
  readonly mediaLibrary: MediaLibrary
  readonly thumbnails: Thumbnails
}

export const getContentThumbnailAuthed = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}',
  summary: 'Download a small version of an image.',
  auth: 'user',
  limit: 'media',
  msMax: mediaRequestMsMax,
  query: Type.Object({
    width: Type.Integer({ minimum: 1 }),
    height: Type.Integer({ minimum: 1 }),
    method: Type.Optional(Type.Union([Type.Literal('crop'), Type.Literal('scale')])),
    animated: Type.Optional(Type.Boolean()),
    timeout_ms: Type.Optional(Type.Integer()),
  }),
  async handle(request, { mediaLibrary, thumbnails }: Services) {
    const { params, query, waiting } = request
    const { width, height, method = 'scale', animated = false } = query
    const media = await mediaLibrary.find(params.serverName, checkMediaId(params.mediaId), { timeoutMs: query.timeout_ms, waiting })
    const { hash, contentType } = await thumbnails.find(media, { width, height, method, animated })
    const fileName = `thumbnail.${contentType.slice('image/'.length)}`
    return mediaReply(request, await mediaLibrary.open(hash), { contentType, fileName })
  },
})
