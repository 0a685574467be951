import { endpoint } from '../http/endpoint.ts'
import { Type } from '../http/type.ts'
import { getContent as getContentContract } from '../federation/wire/media.ts'
import { mediaRequestMsMax } from '../media/limits.ts'
import { checkMediaId } from '../media/media-id.ts'
import type { MediaLibrary } from '../media/media-library.ts'
import type { Random } from '../platform/random.ts'
import { multipartReply } from './multipart-reply.ts'

/** GET /_matrix/federation/v1/media/download/{mediaId}. Server-Server API, "Content Repository". */
export const getContent = endpoint({
  method: getContentContract.method,
  path: getContentContract.path,
  summary: 'Give a file of this server.',
  auth: 'server',
  limit: 'federation',
  msMax: mediaRequestMsMax,
  query: Type.Object({ timeout_ms: Type.Optional(Type.Integer()) }),

  async handle({ params, query, waiting }, services: { readonly mediaLibrary: MediaLibrary; readonly random: Random }) {
    const { mediaLibrary, random } = services
    const media = await mediaLibrary.findOwn(checkMediaId(params.mediaId), { timeoutMs: query.timeout_ms, waiting })
    const file = await mediaLibrary.open(media.hash)
    return multipartReply(file, { contentType: media.content_type, fileName: media.file_name ?? undefined }, random)
  },
})
