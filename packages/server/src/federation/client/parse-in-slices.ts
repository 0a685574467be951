import { isJsonObject, parseJson, type JsonResult, type JsonValue } from '@causeway/events'
import type { TimeSlice } from '../../platform/time-slice.ts'

/** The items of a list in a text: where each begins and ends. */
interface List {
  readonly start: number
  readonly end: number
  readonly items: readonly (readonly [from: number, to: number])[]
}

const [quote, backslash, comma, open, close, openList, closeList] = [0x22, 0x5c, 0x2c, 0x7b, 0x7d, 0x5b, 0x5d]
/** Bytes looked at between two looks at the clock. */
const stretch = 65_536

/**
 * Parse a JSON text as `parseJson` does, in slices of time: an object with long lists, as answers with a room's state are, is
 * taken apart into the lists' items, which are parsed one by one. Gives what `parseJson` gives.
 */
export async function parseInSlices(bytes: Uint8Array, bytesMax: number, slice: TimeSlice): Promise<JsonResult> {
  const lists = bytes.byteLength > bytesMax ? undefined : await listsIn(bytes, slice)
  if (lists === undefined || lists.length === 0) return parseJson(bytes, { bytesMax })
  const pieces: Uint8Array[] = []
  let at = 0
  for (const [index, { start, end }] of lists.entries()) {
    pieces.push(bytes.subarray(at, start), Buffer.from(String(index)))
    at = end
  }
  const rest = parseJson(Buffer.concat([...pieces, bytes.subarray(at)]), { bytesMax })
  // What is none, or no object, is looked at as a whole.
  if (!rest.ok || !isJsonObject(rest.value)) return parseJson(bytes, { bytesMax })
  const members: [string, JsonValue][] = []
  for (const [name, value] of Object.entries(rest.value)) {
    const list = Array.isArray(value) && typeof value[0] === 'number' ? lists[value[0]] : undefined
    if (list === undefined) {
      members.push([name, value])
      continue
    }
    const items = await itemsOf(bytes, list, slice)
    if (items === undefined) return parseJson(bytes, { bytesMax })
    members.push([name, items])
  }
  return { ok: true, value: Object.assign(Object.create(null), Object.fromEntries(members)) }
}

/** The lists that are members of the outermost object; absent for a text that cannot be taken apart. */
async function listsIn(bytes: Uint8Array, slice: TimeSlice): Promise<List[] | undefined> {
  const lists: List[] = []
  let depth = 0
  let quoted = false
  let list: { start: number; from: number; items: [number, number][] } | undefined
  for (let at = 0; at < bytes.byteLength; at += 1) {
    if (at % stretch === 0 && slice.over) await slice.rest()
    const byte = bytes[at]
    if (byte === quote) quoted = !quoted
    else if (quoted) at += byte === backslash ? 1 : 0
    else if (byte === open || byte === openList) {
      depth += 1
      if (byte === openList && depth === 2) list = { start: at + 1, from: at + 1, items: [] }
    } else if (byte === comma) {
      if (depth !== 2 || list === undefined) continue
      list.items.push([list.from, at])
      list.from = at + 1
    } else if (byte === close || byte === closeList) {
      if (depth === 2 && list !== undefined) {
        if (byte === close) return undefined
        lists.push({ start: list.start, end: at, items: [...list.items, [list.from, at]] })
        list = undefined
      }
      depth -= 1
    }
  }
  return lists
}

async function itemsOf(bytes: Uint8Array, { items }: List, slice: TimeSlice): Promise<JsonValue[] | undefined> {
  const values: JsonValue[] = []
  const [only] = items
  if (items.length === 1 && only !== undefined && isBlank(bytes.subarray(...only))) return values
  for (const [from, to] of items) {
    if (slice.over) await slice.rest()
    const parsed = parseJson(bytes.subarray(from, to))
    if (!parsed.ok) return undefined
    values.push(parsed.value)
  }
  return values
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}
