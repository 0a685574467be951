/**
 * Does the whole text fit a pattern with `*` and `?` (Appendices, "Glob-style matching")? Case counts. Greedy with one point of return, so
 * that no pattern costs more than its length times the text's.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let inPattern = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      star = inPattern
      inPattern += 1
      resume = at
    } else if (wanted === '?' || wanted === text[at]) {
      at += 1
      inPattern += 1
    } else if (star >= 0) {
      inPattern = star + 1
      resume += 1
      at = resume
    } else {
      return false
    }
  }
  while (pattern[inPattern] === '*') inPattern += 1
  return inPattern === pattern.length
}
