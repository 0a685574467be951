import { ID_BYTES_MAX } from '../limits.ts'
import { fitsUtf8 } from '../utf8.ts'
import type { EventId } from './ids.ts'
import { hasServerForm } from './localpart.ts'

const DOLLAR = 0x24

/**
 * The event id that `text` is. Absent when it is none. Ids are opaque: `$`, then at least one character, no NUL, 255 bytes; an id of
 * the wrong form for its room version names no event, and is found missing like any other. Spec: appendices, event ids.
 */
export function parseEventId(text: string): EventId | undefined {
  return isEventId(text) ? text : undefined
}

/** Is `text` an event id? */
export function isEventId(text: string): text is EventId {
  if (text.charCodeAt(0) !== DOLLAR || text.length < 2 || text.length > ID_BYTES_MAX) return false
  for (let at = 1; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0) return false
    if (unit > 0x7f) return text.indexOf('\0', at) === -1 && text.isWellFormed() && fitsUtf8(text, ID_BYTES_MAX)
  }
  return true
}

/** Is `text` an event id of room versions 1 and 2, `$opaque:server`? */
export function isServerEventId(text: string): text is EventId {
  return hasServerForm(text, DOLLAR)
}
