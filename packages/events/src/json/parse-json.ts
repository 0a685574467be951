import { JSON_BYTES_MAX, JSON_NESTING_MAX } from '../limits.ts'
import { fitsUtf8 } from '../utf8.ts'
import type { JsonFault, JsonRule } from './json-fault.ts'
import { JsonReader } from './json-reader.ts'
import type { JsonValue } from './json-value.ts'

/** What a text may be at most. */
export interface JsonLimits {
  /** Bytes of UTF-8. */
  readonly bytesMax?: number
  /** Levels of arrays and objects within each other. */
  readonly depthMax?: number
}

export type JsonResult = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly fault: JsonFault }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const BOM = 0xfeff

/**
 * Parse a JSON text so that nothing is lost and nothing is guessed. Faults are: duplicate keys, lone surrogates (escaped ones too),
 * a byte order mark, invalid UTF-8, control characters in strings, data after the value, too many bytes, too many levels. Numbers that
 * are not plain integers within ±(2^53 - 1) become a `NumberLexeme`. Objects have no prototype. Never throws.
 *
 * Spec: appendices, canonical JSON.
 */
export function parseJson(text: string | Uint8Array, limits: JsonLimits = {}): JsonResult {
  const bytesMax = limits.bytesMax ?? JSON_BYTES_MAX
  if (typeof text === 'string' ? !fitsUtf8(text, bytesMax) : text.byteLength > bytesMax) {
    return refuse('json.size', `the text is longer than ${bytesMax} bytes`)
  }
  const decoded = typeof text === 'string' ? text : decodeUtf8(text)
  if (decoded === undefined) return refuse('json.utf8', 'the bytes are not UTF-8')
  if (decoded.charCodeAt(0) === BOM) return refuse('json.bom', 'the text begins with a byte order mark')
  if (typeof text === 'string' && !text.isWellFormed()) return refuse('json.surrogate', 'the text has a lone surrogate')

  const reader = new JsonReader(decoded, limits.depthMax ?? JSON_NESTING_MAX)
  const value = reader.readWhole()
  return value === undefined ? { ok: false, fault: reader.takeFault() } : { ok: true, value }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    // With `fatal`, the decoder throws for nothing but invalid bytes.
    return undefined
  }
}

function refuse(rule: JsonRule, why: string): JsonResult {
  return { ok: false, fault: { rule, why, at: 0 } }
}
