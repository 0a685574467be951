import { isEventId } from '../ids/event-id.ts'
import type { EventId } from '../ids/ids.ts'
import { isJsonObject, NumberLexeme, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { DEPTH_MAX, ID_BYTES_MAX, LEGACY_DEPTH_MAX } from '../limits.ts'
import { fitsUtf8 } from '../utf8.ts'
import { reject, type Refusal } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'

/** A field of an event, or why the event is refused. */
export type Field<T> = { readonly value: T; readonly refusal?: undefined } | { readonly refusal: Refusal }

const integerLexeme = /^-?[0-9]+$/
/** More characters than any 64-bit integer has; a peer may send a million digits, which must not be converted. */
const INTEGER_CHARS_MAX = 20
const BEYOND_ALL_LIMITS = 10n ** 20n

/** `object[key]` as a string of at most 255 bytes. */
export function readString(object: JsonObject, key: string): Field<string> {
  const value = object[key]
  if (typeof value !== 'string') return { refusal: reject(`pdu.${key}.type`, `${key} must be a string`) }
  if (!fitsUtf8(value, ID_BYTES_MAX)) return { refusal: reject(`pdu.${key}.size`, `${key} is longer than ${ID_BYTES_MAX} bytes`) }
  return { value }
}

/**
 * `object[key]` as a string of at most 255 bytes. With `characters` of at most 255 characters instead: rooms of versions 1 to
 * 10 have such events, since servers in use counted so.
 */
export function readName(object: JsonObject, key: string, characters: boolean): Field<string> {
  const value = object[key]
  if (!characters || typeof value !== 'string' || value.length > 2 * ID_BYTES_MAX || charactersOf(value) > ID_BYTES_MAX) {
    return readString(object, key)
  }
  return { value }
}

function charactersOf(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** `object[key]` as an identifier of at most 255 bytes. */
export function readId<T extends string>(object: JsonObject, key: string, parse: (text: string) => T | undefined): Field<T> {
  const text = readString(object, key)
  if (text.refusal !== undefined) return text
  const value = parse(text.value)
  return value === undefined ? { refusal: reject(`pdu.${key}.grammar`, `${key} is not a valid identifier`) } : { value }
}

/** `object[key]` as an integer; beyond ±(2^53 - 1), which room versions 1 to 5 allow, it is clamped. */
export function readInteger(object: JsonObject, key: string): Field<number> {
  const value = toBigInteger(object[key])
  if (value === undefined) return { refusal: reject(`pdu.${key}.type`, `${key} must be an integer`) }
  return { value: typeof value === 'number' ? value : clamp(value) }
}

/** The depth of an event: from 0 to 2^53 - 1, in room versions 1 to 5 to 2^63 - 1 (clamped in what is given back). Spec: PDU schema. */
export function readDepth(object: JsonObject, rules: RoomRules): Field<number> {
  const value = toBigInteger(object['depth'])
  if (value === undefined) return { refusal: reject('pdu.depth.type', 'depth must be an integer') }
  const tooLarge = rules.strictCanonicalJson ? value > DEPTH_MAX : value > LEGACY_DEPTH_MAX
  if (value < 0 || tooLarge) return { refusal: reject('pdu.depth.range', 'depth is out of range') }
  return { value: typeof value === 'number' ? value : clamp(value) }
}

function toBigInteger(value: JsonValue | undefined): number | bigint | undefined {
  if (typeof value === 'number') return value
  if (!(value instanceof NumberLexeme) || !integerLexeme.test(value.lexeme)) return undefined
  if (value.lexeme.length <= INTEGER_CHARS_MAX) return BigInt(value.lexeme)
  return value.lexeme.startsWith('-') ? -BEYOND_ALL_LIMITS : BEYOND_ALL_LIMITS
}

function clamp(value: bigint): number {
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
  return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : Number(value)
}

/** The event ids in `prev_events` or `auth_events`: plain, or in versions 1 and 2 the first of each pair. Spec: PDU schema. */
export function readEventIds(
  object: JsonObject,
  key: 'prev_events' | 'auth_events',
  max: number,
  rules: RoomRules,
): Field<readonly EventId[]> {
  const list = object[key]
  if (!Array.isArray(list)) return { refusal: reject(`pdu.${key}.type`, `${key} must be a list`) }
  if (list.length > max) return { refusal: reject(`pdu.${key}.count`, `${key} has more than ${max} entries`) }
  const ids: EventId[] = []
  for (const entry of list) {
    const id = rules.referencePairs ? idOfPair(entry) : entry
    if (typeof id !== 'string' || !isEventId(id)) return { refusal: reject(`pdu.${key}.entry`, `an entry of ${key} is malformed`) }
    ids.push(id)
  }
  if (ids.length > 1 && new Set(ids).size !== ids.length) {
    return { refusal: reject(`pdu.${key}.duplicate`, `${key} names an event twice`) }
  }
  return { value: ids }
}

function idOfPair(entry: JsonValue): JsonValue | undefined {
  return Array.isArray(entry) && entry.length === 2 && isJsonObject(entry[1]) ? entry[0] : undefined
}
