/** Bits of one word of the search's state. */
const WORD_BITS = 32

/**
 * A piece of a glob between two `*`: code points, some of which are `?`. Found in a text by Shift-And, which looks at each character once
 * with one bit for each place of the piece: no text and no pattern can make it slow.
 */
export class GlobSegment {
  readonly length: number
  readonly #words: number
  /** For each code point the places where it may stand. Others may stand where `?` does. */
  readonly #masks = new Map<number, Uint32Array>()
  readonly #wildcards: Uint32Array

  /** The code points; -1 stands for any. */
  constructor(points: readonly number[]) {
    this.length = points.length
    this.#words = Math.ceil(points.length / WORD_BITS)
    this.#wildcards = new Uint32Array(this.#words)
    points.forEach((point, at) => {
      if (point < 0) setBit(this.#wildcards, at)
    })
    points.forEach((point, at) => {
      if (point < 0) return
      const mask = this.#masks.get(point) ?? this.#wildcards.slice()
      setBit(mask, at)
      this.#masks.set(point, mask)
    })
  }

  /** Does the piece stand at index `start`? */
  standsAt(text: Uint32Array, start: number): boolean {
    if (start < 0 || start + this.length > text.length) return false
    for (let at = 0; at < this.length; at++) {
      const mask = this.#masks.get(text[start + at] ?? 0) ?? this.#wildcards
      if (((mask[at >>> 5] ?? 0) & (1 << (at & 31))) === 0) return false
    }
    return true
  }

  /** The end of the first occurrence at or behind `from` that `accepts` takes, exclusive; -1 for none. */
  find(text: Uint32Array, from: number, accepts: (start: number, end: number) => boolean): number {
    if (this.length === 0) return accepts(from, from) ? from : -1
    const state = new Uint32Array(this.#words)
    const lastWord = this.#words - 1
    const lastBit = 1 << ((this.length - 1) & 31)
    for (let at = from; at < text.length; at++) {
      this.#step(state, text[at] ?? 0)
      const end = at + 1
      if (((state[lastWord] ?? 0) & lastBit) !== 0 && accepts(end - this.length, end)) return end
    }
    return -1
  }

  /** Each place is reached from the one before it, the first one always; then only those stay where the character may stand. */
  #step(state: Uint32Array, point: number): void {
    const mask = this.#masks.get(point) ?? this.#wildcards
    let carry = 1
    for (let word = 0; word < this.#words; word++) {
      const before = state[word] ?? 0
      state[word] = ((before << 1) | carry) & (mask[word] ?? 0)
      carry = before >>> 31
    }
  }
}

function setBit(mask: Uint32Array, at: number): void {
  mask[at >>> 5] = (mask[at >>> 5] ?? 0) | (1 << (at & 31))
}
