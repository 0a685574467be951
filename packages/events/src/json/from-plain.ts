import { JSON_NESTING_MAX } from '../limits.ts'
import { NumberLexeme, type JsonValue } from './json-value.ts'
import { emptyObject } from './plain-object.ts'

/**
 * The JSON value of what `JSON.parse` gave, such as a client's request body: objects lose their prototype, and numbers that are not
 * integers within ±(2^53 - 1) become lexemes. Absent for what is no JSON (functions, `undefined`, NaN), for lone surrogates, and for more
 * than `depthMax` levels, so for cycles too.
 */
export function fromPlain(value: unknown, depthMax: number = JSON_NESTING_MAX): JsonValue | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : undefined
    case 'boolean':
      return value
    case 'number':
      return fromNumber(value)
    case 'object':
      return value === null || value instanceof NumberLexeme ? value : fromContainer(value, depthMax)
    default:
      return undefined
  }
}

function fromNumber(value: number): JsonValue | undefined {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? new NumberLexeme('-0') : value
  return Number.isFinite(value) ? new NumberLexeme(String(value)) : undefined
}

function fromContainer(value: object, depthMax: number): JsonValue | undefined {
  if (depthMax === 0) return undefined
  if (Array.isArray(value)) {
    const array: JsonValue[] = []
    for (const item of value) {
      const made = fromPlain(item, depthMax - 1)
      if (made === undefined) return undefined
      array.push(made)
    }
    return array
  }
  const object = emptyObject()
  for (const [key, item] of Object.entries(value)) {
    const made = key.isWellFormed() ? fromPlain(item, depthMax - 1) : undefined
    if (made === undefined) return undefined
    object[key] = made
  }
  return object
}
