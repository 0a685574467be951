import { contract, fileAnswer } from './contract.ts'

/** Query: `timeout_ms`. The answer is multipart/mixed: JSON, and the file or where it is. */
export const getContent = contract({
  name: 'getContent',
  method: 'GET',
  path: '/_matrix/federation/v1/media/download/{mediaId}',
  answer: fileAnswer,
  accept: 'multipart/mixed',
})

/** Query: `width`, `height`, `method`, `animated`, `timeout_ms`. */
export const getContentThumbnail = contract({
  name: 'getContentThumbnail',
  method: 'GET',
  path: '/_matrix/federation/v1/media/thumbnail/{mediaId}',
  answer: fileAnswer,
  accept: 'multipart/mixed',
})

/** What servers had before; asked only of one that does not know the operation above. Query: `allow_remote`, `timeout_ms`. */
export const getContentUnsigned = contract({
  name: 'getContentUnsigned',
  method: 'GET',
  path: '/_matrix/media/v3/download/{serverName}/{mediaId}',
  answer: fileAnswer,
  accept: '*/*',
  signed: false,
})
