import { isJsonObject } from '../json/json-value.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { PUSH_PATTERN_CHARS_MAX } from '../limits.ts'
import { foldedCodePoints, isWordCodePoint } from './fold.ts'

/**
 * The users whom the event mentions by `m.mentions`, each once.
 * https://spec.matrix.org/v1.19/client-server-api/#user-and-room-mentions
 */
export function mentionedUserIds(event: Pdu): ReadonlySet<string> {
  const mentions = event.content['m.mentions']
  const listed = isJsonObject(mentions) ? mentions['user_ids'] : undefined
  return new Set(Array.isArray(listed) ? listed.filter((entry) => typeof entry === 'string') : [])
}

/**
 * The folded words of a body. A word is a run of letters, digits and `_` of ASCII, or any other single character. If a display name
 * stands in the body as push rules see it, then {@link firstWordOf} that name is among these words: an index of names by their first word
 * finds all candidates.
 */
export function wordsOf(body: string): ReadonlySet<string> {
  const points = foldedCodePoints(body)
  const words = new Set<string>()
  for (let at = 0; at < points.length;) {
    const end = wordEnd(points, at)
    // No name that can match is longer, so no longer word begins one.
    if (end - at <= PUSH_PATTERN_CHARS_MAX) words.add(textOf(points.subarray(at, end)))
    at = end
  }
  return words
}

/** The first word of a display name, by which an index finds it. Absent for an empty or overlong name, which no rule matches. */
export function firstWordOf(displayName: string): string | undefined {
  if (displayName === '' || displayName.length > PUSH_PATTERN_CHARS_MAX) return undefined
  if (isAscii.test(displayName)) return firstAsciiWord.exec(displayName)?.[0].toLowerCase()
  const points = foldedCodePoints(displayName)
  return textOf(points.subarray(0, wordEnd(points, 0)))
}

// Most names are of ASCII alone, and a room has many.
const isAscii = /^[ -~]*$/
const firstAsciiWord = /^(?:\w+|[^])/

function textOf(points: Uint32Array): string {
  return String.fromCodePoint(...points)
}

function wordEnd(points: Uint32Array, start: number): number {
  let end = start + 1
  if (!isWordCodePoint(points[start] ?? 0)) return end
  while (end < points.length && isWordCodePoint(points[end] ?? 0)) end++
  return end
}
