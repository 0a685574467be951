import { NumberLexeme, type JsonObject, type JsonValue } from './json-value.ts'

/** Up to this many keys an insertion sort is faster than the engine's sort with a comparator. */
const INSERTION_SORT_MAX = 40
const FIRST_SURROGATE = 0xd800
const AFTER_SURROGATES = 0xe000

/**
 * The canonical JSON of a value: keys in the order of their code points, no blanks, the shortest escapes, numbers as they stood.
 * The value must be one that `parseJson` or `fromPlain` made: no cycles, no lone surrogates, a limited depth.
 *
 * Spec: appendices, canonical JSON.
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return String(value)
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (value instanceof NumberLexeme) return value.lexeme
  return isArray(value) ? arrayJson(value) : objectJson(value)
}

function isArray(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function arrayJson(array: readonly JsonValue[]): string {
  let out = '['
  let first = true
  for (const item of array) {
    out += first ? canonicalJson(item) : `,${canonicalJson(item)}`
    first = false
  }
  return `${out}]`
}

function objectJson(object: JsonObject): string {
  let out = '{'
  for (const key of sortedKeys(object)) {
    const value = object[key]
    if (value !== undefined) out += (out.length === 1 ? '' : ',') + JSON.stringify(key) + ':' + canonicalJson(value)
  }
  return `${out}}`
}

/** The keys of an object in the order of their code points. */
export function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object)
  if (keys.length > INSERTION_SORT_MAX) return keys.sort(compareCodePoints)
  for (let right = 1; right < keys.length; right++) {
    const key = keys[right] ?? ''
    let left = right - 1
    for (; left >= 0; left--) {
      const other = keys[left] ?? ''
      if (compareCodePoints(other, key) <= 0) break
      keys[left + 1] = other
    }
    keys[left + 1] = key
  }
  return keys
}

/** Which of two strings comes first by code points: negative, zero or positive. JavaScript's own order is by UTF-16 units. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** UTF-16 units in the order of the code points that they begin: surrogates stand for code points beyond all others. */
function rank(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit
  return unit < AFTER_SURROGATES ? unit + 0x2000 : unit - 0x800
}
