import type { ServerName } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { checkMediaId } from '../../media/media-id.ts'
import type { MediaLibrary } from '../../media/media-library.ts'

interface Services {
  readonly mediaLibrary: MediaLibrary
}

/**
 * The operations without authentication. They are frozen since before this server's first file, so nothing can be read through them.
 * Client-Server API, "Content repository", "Client behaviour". What is about to be uploaded is told apart, as it was.
 */
async function refuse(params: { readonly serverName: ServerName; readonly mediaId: string }, { mediaLibrary }: Services): Promise<never> {
  if (await mediaLibrary.isAwaited(params.serverName, checkMediaId(params.mediaId))) {
    throw new MatrixError('M_NOT_YET_UPLOADED', 'The file is not uploaded yet')
  }
  throw new MatrixError('M_NOT_FOUND', 'Files are read through /_matrix/client/v1/media, with an access token')
}

export const getContent = endpoint({
  method: 'GET',
  path: '/_matrix/media/v3/download/{serverName}/{mediaId}',
  also: ['/_matrix/media/r0/download/{serverName}/{mediaId}', '/_matrix/media/v1/download/{serverName}/{mediaId}'],
  summary: 'Frozen: say that files are read elsewhere.',
  auth: 'none',
  limit: 'media',
  handle: ({ params }, services: Services) => refuse(params, services),
})

export const getContentOverrideName = endpoint({
  method: 'GET',
  path: '/_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}',
  also: ['/_matrix/media/r0/download/{serverName}/{mediaId}/{fileName}', '/_matrix/media/v1/download/{serverName}/{mediaId}/{fileName}'],
  summary: 'Frozen: say that files are read elsewhere.',
  auth: 'none',
  limit: 'media',
  handle: ({ params }, services: Services) => refuse(params, services),
})

export const getContentThumbnail = endpoint({
  method: 'GET',
  path: '/_matrix/media/v3/thumbnail/{serverName}/{mediaId}',
  also: ['/_matrix/media/r0/thumbnail/{serverName}/{mediaId}', '/_matrix/media/v1/thumbnail/{serverName}/{mediaId}'],
  summary: 'Frozen: say that thumbnails are read elsewhere.',
  auth: 'none',
  limit: 'media',
  handle: ({ params }, services: Services) => refuse(params, services),
})
