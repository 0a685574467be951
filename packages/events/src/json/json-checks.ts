import { NumberLexeme, isJsonObject, type JsonValue } from './json-value.ts'

/** Are all numbers in `value` plain integers within ±(2^53 - 1), as room versions from 6 on demand? Spec: appendices, canonical JSON. */
export function hasOnlyStrictNumbers(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (value instanceof NumberLexeme) return false
  if (isJsonObject(value)) {
    for (const key in value) {
      const item = value[key]
      if (typeof item === 'object' && item !== null && !hasOnlyStrictNumbers(item)) return false
    }
    return true
  }
  return value.every(hasOnlyStrictNumbers)
}

/** Has `value` at most `levels` arrays and objects within each other? Looks no deeper than that. */
export function fitsDepth(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof NumberLexeme) return true
  if (levels === 0) return false
  if (isJsonObject(value)) {
    for (const key in value) {
      const item = value[key]
      if (typeof item === 'object' && item !== null && !fitsDepth(item, levels - 1)) return false
    }
    return true
  }
  return value.every((item) => fitsDepth(item, levels - 1))
}
