import { isJsonObject, parseEventId, type EventId, type JsonObject, type JsonValue } from '@causeway/events'

/** The objects of a list that a peer sent; what is no object is left out. Absent if it is no list at all. */
export function objectsOf(value: JsonValue | undefined): readonly JsonObject[] | undefined {
  return Array.isArray(value) ? value.filter((entry: JsonValue) => isJsonObject(entry)) : undefined
}

/** The event ids of a list that a peer sent; what is none is left out. Absent if it is no list at all. */
export function idsOf(value: JsonValue | undefined): readonly EventId[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.flatMap((entry: JsonValue) => (typeof entry === 'string' ? (parseEventId(entry) ?? []) : []))
}
