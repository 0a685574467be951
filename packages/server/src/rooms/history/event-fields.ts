import { canonicalJson, emptyObject, isJsonObject, parseJson, parsePropertyPath, type JsonObject } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import { fieldPathNamesMax, filterListMax } from './limits.ts'

/** Which fields of events a client wants (`event_fields` of a filter): a tree of names, in which `true` is all of what is there. */
export interface EventFields {
  readonly names: ReadonlyMap<string, EventFields | true>
}

interface Growing {
  readonly names: Map<string, Growing | true>
}

/** The fields that a filter names by dot-separated paths; absent for all. Throws M_BAD_JSON. */
export function parseEventFields(value: unknown): EventFields | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string') || value.length > filterListMax) {
    throw new MatrixError('M_BAD_JSON', `event_fields must be a list of at most ${filterListMax} strings`)
  }
  const root: Growing = { names: new Map() }
  for (const path of value) {
    const names = parsePropertyPath(path)
    if (names.length > fieldPathNamesMax) throw new MatrixError('M_BAD_JSON', 'event_fields has a path that is too deep')
    add(root, names)
  }
  return root
}

function add(root: Growing, names: readonly string[]): void {
  let at = root
  for (const [index, name] of names.entries()) {
    const known = at.names.get(name)
    if (known === true) return
    if (index === names.length - 1) at.names.set(name, true)
    else {
      const next = known ?? { names: new Map() }
      at.names.set(name, next)
      at = next
    }
  }
}

/** An event of ours, as JSON text, reduced to some fields. */
export function onlyFields(event: string, fields: EventFields): string {
  const parsed = parseJson(event)
  assert(parsed.ok && isJsonObject(parsed.value), 'an event of ours is an object')
  return canonicalJson(picked(parsed.value, fields))
}

function picked(object: JsonObject, { names }: EventFields): JsonObject {
  const result = emptyObject()
  for (const [name, wanted] of names) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined
    if (value === undefined) continue
    if (wanted === true) result[name] = value
    else if (isJsonObject(value)) result[name] = picked(value, wanted)
  }
  return result
}
