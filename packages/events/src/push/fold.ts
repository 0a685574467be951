const UPPER_A = 0x41
const UPPER_Z = 0x5a
const LOWER_A = 0x61
const LOWER_Z = 0x7a
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const UNDERSCORE = 0x5f

/**
 * `text` without the difference of cases, as push rules compare it. The two forms of the small sigma are one letter, so that a word folds
 * to the same wherever it stands.
 */
export function fold(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ')
}

/** The code points of a folded text. Globs count these, not UTF-16 units: `?` matches one emoji. */
export function foldedCodePoints(text: string): Uint32Array {
  const folded = fold(text)
  const points = new Uint32Array(folded.length)
  let length = 0
  for (let at = 0; at < folded.length; at++) {
    const point = folded.codePointAt(at) ?? 0
    if (point > 0xffff) at++
    points[length++] = point
  }
  return points.subarray(0, length)
}

/** Is this one of `[A-Z]`, `[a-z]`, `[0-9]` or `_`, which make words in push rules? */
export function isWordCodePoint(point: number): boolean {
  return (
    (point >= LOWER_A && point <= LOWER_Z) ||
    (point >= UPPER_A && point <= UPPER_Z) ||
    (point >= DIGIT_0 && point <= DIGIT_9) ||
    point === UNDERSCORE
  )
}

/**
 * May a match in `text` start or end at index `at`? "A word boundary is defined as the start or end of the value, or any character not in
 * the sets", on either side of the place: `@room` stands at a boundary in `x@room`, as it does in the servers in use.
 * https://spec.matrix.org/v1.19/client-server-api/#conditions-1
 */
export function isWordBoundary(text: Uint32Array, at: number): boolean {
  if (at === 0 || at === text.length) return true
  return !isWordCodePoint(text[at - 1] ?? 0) || !isWordCodePoint(text[at] ?? 0)
}
