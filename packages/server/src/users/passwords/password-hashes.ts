import { timingSafeEqual } from 'node:crypto'
import { encodeBase64, decodeBase64, encodeUtf8 } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import type { Argon2, Argon2Cost } from '../../platform/argon2.ts'
import type { Random } from '../../platform/random.ts'
import { hashesAtOnceMax, hashesRetryMs, hashesWaitingMax } from '../limits.ts'

/** The least that OWASP recommends for Argon2id: 19 MiB, two passes. About 40 ms. */
const cost: Argon2Cost = { memoryKib: 19_456, passes: 2, lanes: 1 }
const saltBytes = 16
const hashBytes = 32

const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** Hashes of passwords, in the PHC string format. At most two are computed at once, and a bounded number waits. */
export class PasswordHashes {
  readonly #argon2: Argon2
  readonly #random: Random
  readonly #waiting: (() => void)[] = []
  #running = 0
  /** The hash of nothing that anybody knows. */
  readonly #nobodys: string

  constructor(ports: { readonly argon2: Argon2; readonly random: Random }) {
    this.#argon2 = ports.argon2
    this.#random = ports.random
    this.#nobodys = phc(cost, ports.random.bytes(saltBytes), ports.random.bytes(hashBytes))
  }

  /** A hash to store. Throws M_LIMIT_EXCEEDED when too many wait. */
  async hash(password: string): Promise<string> {
    const salt = this.#random.bytes(saltBytes)
    return phc(cost, salt, await this.#compute(password, salt, cost, hashBytes))
  }

  /**
   * Is `password` the one of `stored`? Without `stored` the answer is no, after as much work, so that the time says nothing
   * about whether there is such an account. Throws M_LIMIT_EXCEEDED when too many wait.
   */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const [, memory, passes, lanes, salt = '', hash = ''] = form.exec(stored ?? this.#nobodys) ?? []
    const expected = decodeBase64(hash)
    const saltOf = decodeBase64(salt)
    assert(expected !== undefined && saltOf !== undefined && hash !== '', 'a stored password hash is one of ours')
    const costOf = { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) }
    const given = await this.#compute(password, saltOf, costOf, expected.length)
    return timingSafeEqual(given, expected) && stored !== undefined
  }

  async #compute(password: string, salt: Uint8Array, costOf: Argon2Cost, bytes: number): Promise<Uint8Array> {
    // Whoever ends while others wait hands its place on, so that nobody slips in between.
    if (this.#running >= hashesAtOnceMax) await this.#wait()
    else this.#running += 1
    try {
      // The same password typed on two keyboards may come in two forms.
      return await this.#argon2.hash(encodeUtf8(password.normalize('NFKC')), salt, costOf, bytes)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= hashesWaitingMax) {
      throw new MatrixError('M_LIMIT_EXCEEDED', 'too many passwords are being checked', { extra: { retry_after_ms: hashesRetryMs } })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

function phc({ memoryKib, passes, lanes }: Argon2Cost, salt: Uint8Array, hash: Uint8Array): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${encodeBase64(salt)}$${encodeBase64(hash)}`
}
