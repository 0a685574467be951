import { createHmac, timingSafeEqual } from 'node:crypto'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'

/** Milliseconds that a nonce is good for. */
const nonceMs = 60_000
/** Nonces that wait for their use; the oldest goes when there are more. */
const noncesMax = 10_000
/** Characters of a nonce. */
const nonceChars = 32

/** What the code over a registration covers. */
export interface SignedRegistration {
  readonly nonce: string
  readonly username: string
  readonly password: string
  readonly admin: boolean
  readonly userType: string | undefined
  /** Hexadecimal. */
  readonly mac: string
}

interface Ports {
  readonly clock: Clock
  readonly random: Random
  /** Absent: nobody may register this way. */
  readonly sharedSecret: string | undefined
}

/**
 * Lets whoever knows the shared secret make accounts: a nonce, good once and for a minute, and an HMAC-SHA1 over it and
 * what the account is to be. https://element-hq.github.io/synapse/latest/admin_api/register_api.html
 */
export class SharedSecretRegistration {
  readonly #ports: Ports
  /** When each nonce expires, in monotonic milliseconds; the oldest first. */
  readonly #nonces = new Map<string, number>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** A fresh nonce. Throws M_FORBIDDEN when there is no shared secret. */
  newNonce(): string {
    this.#secret()
    const { clock, random } = this.#ports
    const now = clock.monotonic()
    for (const [nonce, until] of this.#nonces) {
      if (until > now && this.#nonces.size < noncesMax) break
      this.#nonces.delete(nonce)
    }
    const nonce = random.token(nonceChars)
    this.#nonces.set(nonce, now + nonceMs)
    return nonce
  }

  /** Throws M_UNKNOWN (400) for a nonce that is not good, which is used up either way, and M_FORBIDDEN for a wrong code. */
  check({ nonce, username, password, admin, userType, mac }: SignedRegistration): void {
    const secret = this.#secret()
    const until = this.#nonces.get(nonce)
    this.#nonces.delete(nonce)
    if (until === undefined || until <= this.#ports.clock.monotonic()) {
      throw new MatrixError('M_UNKNOWN', 'unrecognised nonce', { status: 400 })
    }
    if ([username, password].some((text) => text.includes('\0'))) {
      throw new MatrixError('M_INVALID_PARAM', 'U+0000 stands between the parts')
    }
    const parts = [nonce, username, password, admin ? 'admin' : 'notadmin', ...(userType === undefined ? [] : [userType])]
    const expected = createHmac('sha1', secret).update(parts.join('\0')).digest()
    const given = Buffer.from(mac, 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new MatrixError('M_FORBIDDEN', 'HMAC incorrect')
  }

  #secret(): string {
    const { sharedSecret } = this.#ports
    if (sharedSecret === undefined) throw new MatrixError('M_FORBIDDEN', 'Shared secret registration is not enabled')
    return sharedSecret
  }
}
