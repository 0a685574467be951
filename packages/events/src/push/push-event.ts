import { isJsonObject, type JsonValue } from '../json/json-value.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { foldedCodePoints } from './fold.ts'
import { parsePropertyPath } from './property-path.ts'

/** An event as push rules look at it. What one rule found out, the rules of all other users use too; make it once per event. */
export class PushEvent {
  readonly pdu: Pdu
  readonly #values = new Map<string, JsonValue | undefined>()
  readonly #folded = new Map<string, Uint32Array | undefined>()

  constructor(pdu: Pdu) {
    this.pdu = pdu
  }

  /** The value at a dot-separated property path. Absent when the event has none. */
  valueAt(path: string): JsonValue | undefined {
    if (this.#values.has(path)) return this.#values.get(path)
    const value = this.#read(parsePropertyPath(path))
    this.#values.set(path, value)
    return value
  }

  /** The folded code points of the string at a path. Absent when there is no string. */
  foldedAt(path: string): Uint32Array | undefined {
    if (this.#folded.has(path)) return this.#folded.get(path)
    const value = this.valueAt(path)
    const folded = typeof value === 'string' ? foldedCodePoints(value) : undefined
    this.#folded.set(path, folded)
    return folded
  }

  #read([top, ...names]: readonly string[]): JsonValue | undefined {
    // Some room versions leave these out of the event itself.
    if (names.length === 0 && top === 'event_id') return this.pdu.eventId
    if (names.length === 0 && top === 'room_id') return this.pdu.roomId
    let value = top === undefined ? undefined : ownProperty(this.pdu.object, top)
    for (const name of names) value = ownProperty(value, name)
    return value
  }
}

function ownProperty(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
