import type { JsonValue } from './json-value.ts'

/** A JSON object while it is being made. */
export interface MutableJsonObject {
  [key: string]: JsonValue
}

/** An object without prototype, so that `__proto__` and `constructor` are keys like others. */
export function emptyObject(): MutableJsonObject {
  const made: MutableJsonObject = Object.create(null)
  return made
}
