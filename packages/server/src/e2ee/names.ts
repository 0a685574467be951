import { fitsUtf8, fromPlain, isJsonObject, canonicalJson, type JsonObject } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { nameBytesMax } from './limits.ts'

/** Can this text be an id in a column: not empty, at most `nameBytesMax` bytes, no U+0000? */
export function isName(text: string): boolean {
  return text !== '' && !text.includes('\0') && text.isWellFormed() && fitsUtf8(text, nameBytesMax)
}

/** Throws M_INVALID_PARAM for what can be no id in a column. */
export function checkName(text: string, what: string): void {
  if (!isName(text)) throw new MatrixError('M_INVALID_PARAM', `${what} has 1 to ${nameBytesMax} bytes`)
}

/** Splits `<algorithm>:<id>`; absent for what has not that form. */
export function splitKeyId(keyId: string): { readonly algorithm: string; readonly id: string } | undefined {
  const colon = keyId.indexOf(':')
  const [algorithm, id] = [keyId.slice(0, colon), keyId.slice(colon + 1)]
  return colon > 0 && isName(keyId) && id !== '' ? { algorithm, id } : undefined
}

/** A body's member as an object without a prototype. Throws M_BAD_JSON. */
export function objectIn(value: unknown, what: string): JsonObject {
  const plain = fromPlain(value)
  if (plain === undefined || !isJsonObject(plain)) throw new MatrixError('M_BAD_JSON', `${what} must be an object`)
  return plain
}

/** A value as canonical JSON within a limit. Throws M_TOO_LARGE, M_BAD_JSON. */
export function jsonWithin(value: unknown, bytesMax: number, what: string): string {
  const plain = fromPlain(value)
  if (plain === undefined) throw new MatrixError('M_BAD_JSON', `${what} has text that is no Unicode`)
  const json = canonicalJson(plain)
  if (!fitsUtf8(json, bytesMax)) throw new MatrixError('M_TOO_LARGE', `${what} has at most ${bytesMax} bytes`)
  return json
}

/** JSON that we stored ourselves, as an object. */
export function storedObject(json: string): JsonObject {
  const plain = fromPlain(JSON.parse(json))
  if (plain === undefined || !isJsonObject(plain)) throw new Error('what is stored is an object')
  return plain
}
