import { fromPlain, isJsonObject, parseJson, type JsonObject, type JsonValue } from '@causeway/events'
import { MatrixError } from '../errors.ts'

/** An object as JSON.parse gives it: what a client sent as content. */
export type PlainObject = Readonly<Record<string, unknown>>

/** The value of a JSON text, its numbers as they were written. Throws M_BAD_JSON. */
export function valueOf(text: string): JsonValue {
  const parsed = parseJson(text)
  if (!parsed.ok) throw new MatrixError('M_BAD_JSON', parsed.fault.why)
  return parsed.value
}

/** The object of a JSON text. Throws M_BAD_JSON. */
export function objectOf(text: string): JsonObject {
  const value = valueOf(text)
  if (!isJsonObject(value)) throw new MatrixError('M_BAD_JSON', 'An event must be an object')
  return value
}

/** A client's content as events hold it. Throws M_BAD_JSON. */
export function contentOf(plain: PlainObject): JsonObject {
  const content = fromPlain(plain)
  if (!isJsonObject(content)) throw new MatrixError('M_BAD_JSON', 'The content must be an object that JSON can hold')
  return content
}
