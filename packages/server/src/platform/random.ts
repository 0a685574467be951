import { randomFillSync } from 'node:crypto'
import { assert } from '../assert.ts'

/** Unpredictable numbers, as a port: the system's generator here, a seeded one in simulation. */
export interface Random {
  /** `count` random bytes. */
  bytes(count: number): Uint8Array
  /** `length` characters of A-Z, a-z, 0-9, about 5.95 bits each: tokens, ids, secrets. */
  token(length: number): string
  /** An integer from 0 to 2^32 - 1, each as likely. */
  uint32(): number
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Bytes from here on are thrown away, so that each character is as likely as the next. */
const fairBytes = 256 - (256 % alphabet.length)

/** Random bytes drawn at once: a call to the system's generator costs as much for 1 byte as for some thousands. */
const poolBytes = 4096

/** A `Random` over the system's generator. */
export function realRandom(): Random {
  const pool = new Uint8Array(poolBytes)
  let used = poolBytes

  const nextByte = (): number => {
    if (used === poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    const byte = pool[used] ?? 0
    // A byte that was given away does not stay behind in memory.
    pool[used++] = 0
    return byte
  }

  return {
    bytes: (count) => {
      const bytes = new Uint8Array(count)
      randomFillSync(bytes)
      return bytes
    },
    token: (length) => {
      assert(length > 0, 'a token has at least one character')
      let token = ''
      while (token.length < length) {
        const byte = nextByte()
        if (byte < fairBytes) token += alphabet[byte % alphabet.length] ?? ''
      }
      return token
    },
    uint32: () => nextByte() + nextByte() * 2 ** 8 + nextByte() * 2 ** 16 + nextByte() * 2 ** 24,
  }
}
