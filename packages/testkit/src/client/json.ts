/** A JSON object of an answer, not looked at yet. */
export type UnknownObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is UnknownObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value below `value` along the keys of `path`; undefined where there is none. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const key of path) {
    if (!isObject(found)) return undefined
    found = found[key]
  }
  return found
}

/** The string along `path`, or an error that shows what is there instead. */
export function stringAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path)
  if (typeof found !== 'string') throw new Error(`no string at ${path.join('.')} of ${brief(value)}`)
  return found
}

/** The whole number along `path`, or an error. */
export function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = at(value, ...path)
  if (typeof found !== 'number') throw new Error(`no number at ${path.join('.')} of ${brief(value)}`)
  return found
}

/** The object along `path`; empty where there is nothing. */
export function objectAt(value: unknown, ...path: readonly string[]): UnknownObject {
  const found = at(value, ...path)
  return isObject(found) ? found : {}
}

/** The list along `path`; empty where there is nothing. */
export function arrayAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The objects in the list along `path`. */
export function objectsAt(value: unknown, ...path: readonly string[]): readonly UnknownObject[] {
  return arrayAt(value, ...path).filter(isObject)
}

/** The beginning of a value's JSON, for error messages. */
export function brief(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 600)
}
