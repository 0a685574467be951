import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import { getContentThumbnail as getContentThumbnailContract } from '../federation/wire/media.ts'
import { mediaRequestMsMax } from '../media/limits.ts'
import { checkMediaId } from '../media/media-id.ts'
import type { MediaLibrary } from '../media/media-library.ts'
import type { Thumbnails } from '../media/thumbnails/thumbnails.ts'
import type { Random } from '../platform/random.ts'
import { multipartReply } from './multipart-reply.ts'

interface Services {
  readonly mediaLibrary: MediaLibrary
  readonly thumbnails: Thumbnails
  readonly random: Random
}

/** GET /_matrix/federation/v1/media/thumbnail/{mediaId}. Server-Server API, "Content Repository". */
export const getContentThumbnail = endpoint({
  method: getContentThumbnailContract.method,
  path: getContentThumbnailContract.path,
  summary: 'Give a small version of an image of this server.',
  auth: 'server',
  limit: 'federation',
  msMax: mediaRequestMsMax,
  query: Type.Object({
    width: Type.Integer({ minimum: 1 }),
    height: Type.Integer({ minimum: 1 }),
    method: Type.Optional(Type.Union([Type.Literal('crop'), Type.Literal('scale')])),
    animated: Type.Optional(Type.Boolean()),
    timeout_ms: Type.Optional(Type.Integer()),
  }),

  async handle({ params, query, waiting }, { mediaLibrary, thumbnails, random }: Services) {
    const { width, height, method = 'scale', animated = false } = query
    const media = await mediaLibrary.findOwn(checkMediaId(params.mediaId), { timeoutMs: query.timeout_ms, waiting })
    const { hash, contentType } = await thumbnails.find(media, { width, height, method, animated })
    const fileName = `thumbnail.${contentType.slice('image/'.length)}`
    return multipartReply(await mediaLibrary.open(hash), { contentType, fileName }, random)
  },
})
