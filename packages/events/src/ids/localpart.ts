import { ID_BYTES_MAX } from '../limits.ts'
import { fitsUtf8 } from '../utf8.ts'
import { isServerNameAt } from './server-name.ts'

const strict = /^[a-z0-9._=/+-]+$/

/** Is `text` a localpart that a new user may have: `a-z`, `0-9`, `.`, `_`, `=`, `-`, `/`, `+`? Spec: appendices, user identifiers. */
export function isLocalpart(text: string): boolean {
  return text.length <= ID_BYTES_MAX && strict.test(text)
}

/**
 * Is `text` `<sigil><localpart>:<server name>` within 255 bytes? The localpart is of the historical grammar: anything, even nothing,
 * but `:`, NUL and lone surrogates. Spec: appendices, common identifier format and historical user ids.
 */
export function hasServerForm(text: string, sigil: number): boolean {
  if (text.charCodeAt(0) !== sigil || text.length > ID_BYTES_MAX) return false
  const colon = text.indexOf(':')
  if (colon === -1 || !isServerNameAt(text, colon + 1)) return false
  let at = 1
  for (; at < colon; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0) return false
    if (unit > 0x7f) break
  }
  return at === colon || (text.indexOf('\0') === -1 && text.isWellFormed() && fitsUtf8(text, ID_BYTES_MAX))
}
