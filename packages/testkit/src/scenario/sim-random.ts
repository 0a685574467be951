import type { Random } from '@causeway/server/src/platform/random.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A `Random` that gives the same numbers for the same seed (SplitMix32): for simulation only. */
export function simRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    token: (length) => Array.from({ length }, () => alphabet[next() % alphabet.length] ?? 'A').join(''),
    uint32: next,
  }
}
