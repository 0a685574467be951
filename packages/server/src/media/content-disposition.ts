import { mayBeInline } from './content-type.ts'
import { fileNameCharsMax } from './limits.ts'

/** Names that need no encoding: nothing that ends a quoted string, nothing that a reader might decode. */
const plainName = /^[\x20-\x7e]*$/
const needsEncoding = /["\\%]/

/** A file's name as it is kept: control characters and broken surrogates are gone, and it has an end. Absent for an empty one. */
export function keptName(sent: string | undefined): string | undefined {
  if (sent === undefined) return undefined
  // oxlint-disable-next-line no-control-regex
  const clean = sent.toWellFormed().replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '')
  const cut = clean.slice(0, fileNameCharsMax)
  return (cut.isWellFormed() ? cut : cut.slice(0, -1)) || undefined
}

/** The header for a file of this type and name: `inline; filename="a.png"`. Whatever the name has in it stays within it (RFC 6266, RFC 8187). */
export function dispositionOf(contentType: string, name: string | undefined): string {
  const kind = mayBeInline(contentType) ? 'inline' : 'attachment'
  if (name === undefined) return kind
  if (plainName.test(name) && !needsEncoding.test(name)) return `${kind}; filename="${name}"`
  return `${kind}; filename*=utf-8''${encodeURIComponent(name).replaceAll(/['()*]/g, percent)}`
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

const extended = /(?:^|;)\s*filename\*\s*=\s*(?:utf-8)'[^']*'([^;\s]+)/i
const quoted = /(?:^|;)\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i
const token = /(?:^|;)\s*filename\s*=\s*([^\s;"]+)/i

/** The name in somebody else's Content-Disposition, cleaned. */
export function nameIn(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const encoded = extended.exec(header)?.[1]
  if (encoded !== undefined) {
    const decoded = decode(encoded)
    if (decoded !== undefined) return keptName(decoded)
  }
  const inQuotes = quoted.exec(header)?.[1]
  return keptName(inQuotes === undefined ? token.exec(header)?.[1] : inQuotes.replaceAll(/\\(.)/g, '$1'))
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
