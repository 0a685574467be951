import { PUSH_PATTERN_CHARS_MAX } from '../limits.ts'
import { foldedCodePoints, isWordBoundary } from './fold.ts'
import { GlobSegment } from './glob-segment.ts'

const STAR = 0x2a
const QUESTION = 0x3f
const anywhere = (): boolean => true

/**
 * A glob-style pattern: `*` matches zero or more characters, `?` exactly one. Compares without cases, in time linear in the text. A
 * pattern longer than the limit matches nothing.
 * https://spec.matrix.org/v1.19/appendices/#glob-style-matching
 */
export class Glob {
  readonly #segments: readonly GlobSegment[]

  private constructor(segments: readonly GlobSegment[]) {
    this.#segments = segments
  }

  /** The glob of a pattern with wildcards. */
  static parse(pattern: string): Glob {
    const segments: number[][] = [[]]
    for (const point of foldedCodePoints(pattern)) {
      if (point === STAR) segments.push([])
      else segments.at(-1)?.push(point === QUESTION ? -1 : point)
    }
    return Glob.#within(pattern, segments)
  }

  /** The glob that matches just this text. */
  static literal(text: string): Glob {
    return Glob.#within(text, [[...foldedCodePoints(text)]])
  }

  static #within(pattern: string, segments: readonly number[][]): Glob {
    return new Glob(pattern.length > PUSH_PATTERN_CHARS_MAX ? [] : segments.map((points) => new GlobSegment(points)))
  }

  /** Does the whole text match? `text` is folded. */
  matchesWhole(text: Uint32Array): boolean {
    const [first, ...others] = this.#segments
    const last = others.pop()
    if (first === undefined) return false
    if (last === undefined) return first.length === text.length && first.standsAt(text, 0)
    if (!first.standsAt(text, 0)) return false
    // The first occurrence of each piece leaves the most room for those behind it.
    const end = findAll(others, text, first.length)
    const lastStart = text.length - last.length
    return end >= 0 && end <= lastStart && last.standsAt(text, lastStart)
  }

  /** Does any substring match that starts and ends at a word boundary? `text` is folded. */
  matchesWords(text: Uint32Array): boolean {
    const [first, ...others] = this.#segments
    const last = others.pop()
    if (first === undefined) return false
    if (last === undefined) {
      return first.find(text, 0, (start, end) => isWordBoundary(text, start) && isWordBoundary(text, end)) >= 0
    }
    const begun = first.find(text, 0, (start) => isWordBoundary(text, start))
    const end = begun < 0 ? begun : findAll(others, text, begun)
    // An empty last piece ends where the text does.
    if (end < 0 || last.length === 0) return end >= 0
    return last.find(text, end, (_, lastEnd) => isWordBoundary(text, lastEnd)) >= 0
  }
}

/** The end of the last of these pieces when each is taken where it comes first; -1 when one does not come. */
function findAll(segments: readonly GlobSegment[], text: Uint32Array, from: number): number {
  let end = from
  for (const segment of segments) {
    end = segment.find(text, end, anywhere)
    if (end < 0) return -1
  }
  return end
}
