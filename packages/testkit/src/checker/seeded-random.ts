/** Choices that a seed repeats: SplitMix32, by Steele, Lea and Flood's construction. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to 1, without 1. */
  fraction(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let word = this.#state
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return ((word ^ (word >>> 15)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const at = this.below(list.length)
    for (const item of list.slice(at, at + 1)) return item
    throw new Error('there is nothing to pick from')
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries<number>(weights)
    let left = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0 && isNameOf(name, weights)) return name
    }
    throw new Error('there are no weights')
  }

  /** A generator of its own, so that its owner's choices do not depend on when others choose. */
  fork(): SeededRandom {
    return new SeededRandom(this.below(2 ** 32))
  }
}

function isNameOf<T extends string>(name: string, weights: Readonly<Record<T, number>>): name is T {
  return Object.hasOwn(weights, name)
}
