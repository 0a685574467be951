import { assert } from '../assert.ts'
import { canonicalJson, sortedKeys } from '../json/canonical-json.ts'
import type { JsonObject } from '../json/json-value.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * An event in canonical JSON and where its top-level members stand in it. Hashes, signatures, redacted and client forms are made of
 * slices of this text, so that an event is encoded once.
 */
export interface EventText {
  readonly json: string
  /** In the order of the text. */
  readonly members: readonly EventMember[]
}

/** One member of an event: `json.slice(start, end)` is `"key":value`, and the value begins at `valueStart`. UTF-16 units. */
export interface EventMember {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/** Encode an event, leaving out `unsigned`, which others may change and nothing covers. */
export function encodeEvent(object: JsonObject): EventText {
  const members: EventMember[] = []
  let json = '{'
  for (const key of sortedKeys(object)) {
    const value = object[key]
    if (key === 'unsigned' || value === undefined) continue
    if (json.length > 1) json += ','
    const start = json.length
    json += `${JSON.stringify(key)}:`
    const valueStart = json.length
    json += canonicalJson(value)
    members.push({ key, start, valueStart, end: json.length })
  }
  return { json: `${json}}`, members }
}

/** Find the members of an event that is canonical JSON already. Only for text that this package made: it is not checked. */
export function scanEvent(json: string): EventText {
  const members: EventMember[] = []
  let at = 1
  while (json.charCodeAt(at) === QUOTE) {
    const start = at
    const keyEnd = stringEnd(json, at)
    const key = json.slice(start + 1, keyEnd - 1)
    const valueStart = keyEnd + 1
    at = valueEnd(json, valueStart)
    members.push({ key: key.includes('\\') ? String(JSON.parse(`"${key}"`)) : key, start, valueStart, end: at })
    at += 1
  }
  return { json, members }
}

/** The text between the braces of an event made of these of its members; `content`, if it is among them, is replaced when given. */
export function joinMembers(text: EventText, keep: (key: string) => boolean, content?: string): string {
  let out = ''
  for (const { key, start, end } of text.members) {
    if (!keep(key)) continue
    if (out !== '') out += ','
    out += content !== undefined && key === 'content' ? `"content":${content}` : text.json.slice(start, end)
  }
  return out
}

/** The value of a member in canonical JSON, if the event has it. */
export function memberJson(text: EventText, key: string): string | undefined {
  const member = text.members.find((candidate) => candidate.key === key)
  return member === undefined ? undefined : text.json.slice(member.valueStart, member.end)
}

/** The same event with another value, in canonical JSON, for a member that it has already. */
export function replaceMember(text: EventText, key: string, value: string): EventText {
  const replaced = text.members.find((member) => member.key === key)
  assert(replaced !== undefined, 'the member to replace is there')
  const { start, valueStart, end } = replaced
  const growth = valueStart + value.length - end
  const members = text.members.map((member) => {
    if (member.start < start) return member
    if (member === replaced) return { key, start, valueStart, end: end + growth }
    return { key: member.key, start: member.start + growth, valueStart: member.valueStart + growth, end: member.end + growth }
  })
  return { json: text.json.slice(0, valueStart) + value + text.json.slice(end), members }
}

/** Where the value of `content` stands. */
export function contentBounds(text: EventText): { readonly start: number; readonly end: number } {
  const member = text.members.find(({ key }) => key === 'content')
  assert(member !== undefined, 'an event has content')
  return { start: member.valueStart, end: member.end }
}

/** The index after the string that begins at `quote`. */
function stringEnd(json: string, quote: number): number {
  for (let at = json.indexOf('"', quote + 1); at !== -1; at = json.indexOf('"', at + 1)) {
    let backslashes = 0
    while (json.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return at + 1
  }
  assert(false, 'a string of an encoded event ends')
}

/** The index after the value that begins at `start`. */
function valueEnd(json: string, start: number): number {
  const first = json.charCodeAt(start)
  if (first === QUOTE) return stringEnd(json, start)
  let depth = 0
  let at = start
  for (; at < json.length;) {
    const unit = json.charCodeAt(at)
    if (unit === QUOTE) {
      at = stringEnd(json, at)
      continue
    }
    if (unit === 0x7b || unit === 0x5b) depth += 1
    else if (unit === 0x7d || unit === 0x5d) {
      if (depth === 0) return at
      depth -= 1
    } else if (unit === 0x2c && depth === 0) return at
    at += 1
  }
  assert(false, 'a value of an encoded event ends')
}
