import type { ServerName } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { mediaIdCharsMax } from './limits.ts'

const grammar = /^[A-Za-z0-9_-]+$/

/** A media id as the path of a request has it. Throws M_INVALID_PARAM. Client-Server API, "Security considerations" of the content repository. */
export function checkMediaId(text: string): string {
  if (text.length <= mediaIdCharsMax && grammar.test(text)) return text
  throw new MatrixError('M_INVALID_PARAM', `a media id has 1 to ${mediaIdCharsMax} of A-Z, a-z, 0-9, _, -`)
}

/** `mxc://example.org/abc` */
export function mxcUri(server: ServerName, mediaId: string): string {
  return `mxc://${server}/${mediaId}`
}
