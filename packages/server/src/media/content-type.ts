import { contentTypeCharsMax } from './limits.ts'

/** What is said of files of which nothing is known. */
export const unknownType = 'application/octet-stream'

const grammar = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:\s*;[\t\x20-\x7e]*)?$/

/** What may be shown within a page. Client-Server API, "Serving inline content". */
const inlineTypes = new Set([
  'text/css',
  'text/plain',
  'text/csv',
  'application/json',
  'application/ld+json',
  'image/jpeg',
  'image/gif',
  'image/png',
  'image/apng',
  'image/webp',
  'image/avif',
  'video/mp4',
  'video/webm',
  'video/ogg',
  'video/quicktime',
  'audio/mp4',
  'audio/webm',
  'audio/aac',
  'audio/mpeg',
  'audio/ogg',
  'audio/wave',
  'audio/wav',
  'audio/x-wav',
  'audio/x-pn-wav',
  'audio/flac',
  'audio/x-flac',
])

/** The Content-Type that a file is kept with: the one that came with it, if it is one. */
export function keptType(sent: string | undefined): string {
  const type = sent?.trim() ?? ''
  return type.length <= contentTypeCharsMax && grammar.test(type) ? type : unknownType
}

/** `Text/HTML; charset=utf-8` is `text/html`. */
export function essenceOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** May a file of this type be shown within a page? The type alone decides, never its parameters. */
export function mayBeInline(contentType: string): boolean {
  return inlineTypes.has(essenceOf(contentType))
}
