import { parseUserId, serverOf, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { addressKey } from '../../http/address.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { findPassword, passwordIsStill } from '../../storage/tables/users.ts'
import { accountFailureMs, accountFailuresMax, addressFailureMs, addressFailuresMax, failingMax } from '../limits.ts'
import { mustFind, type GuardedStep } from '../unit.ts'
import { FailureLimit } from './failure-limit.ts'
import { lowerCase } from '../username.ts'
import type { PasswordHashes } from './password-hashes.ts'
import { mayBePassword } from './password-policy.ts'

/** Somebody who knows the password of an account. */
export interface ProvenUser {
  readonly userId: UserId
  readonly locked: boolean
  /** A step of the unit that acts on it: the password must still be the one that was checked. */
  readonly still: GuardedStep
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly serverName: ServerName
  readonly hashes: PasswordHashes
  /** Are failures limited? Off only for tests and benchmarks. */
  readonly limited: boolean
}

/** Checks passwords, and lets nobody try many. */
export class PasswordCheck {
  readonly #ports: Ports
  readonly #accounts: FailureLimit
  readonly #addresses: FailureLimit

  constructor(ports: Ports) {
    this.#ports = ports
    this.#accounts = new FailureLimit({ max: accountFailuresMax, ms: accountFailureMs }, failingMax, ports.clock)
    this.#addresses = new FailureLimit({ max: addressFailuresMax, ms: addressFailureMs }, failingMax, ports.clock)
  }

  /** The local user that `user` names: a whole user id or its localpart, in any case. Absent when there can't be one. */
  localUser(user: string): UserId | undefined {
    const { serverName } = this.#ports
    const whole = user.startsWith('@') ? user : `@${user}:${serverName}`
    const colon = whole.indexOf(':')
    const userId = parseUserId(lowerCase(whole.slice(0, colon)) + whole.slice(colon))
    return userId !== undefined && serverOf(userId) === serverName ? userId : undefined
  }

  /**
   * Whose password it is. Throws M_FORBIDDEN when it is wrong or there is no such account with a password (in the same time
   * and words), M_LIMIT_EXCEEDED after too many failures of the account or the address.
   */
  async prove(user: string, password: string, address: string): Promise<ProvenUser> {
    const { db, hashes } = this.#ports
    const userId = this.localUser(user)
    const account = userId ?? user.slice(0, 255)
    const from = addressKey(address)
    this.#begin(account, from)
    const stored = userId === undefined ? undefined : await findPassword(db, userId)
    let failed = false
    try {
      failed = !mayBePassword(password) || !(await hashes.verify(password, stored?.hash))
    } finally {
      // What went wrong on our side is nobody's failure.
      if (!failed) {
        this.#accounts.forgive(account)
        this.#addresses.forgive(from)
      }
    }
    if (failed || userId === undefined || stored === undefined) throw new MatrixError('M_FORBIDDEN', 'Invalid username or password')
    const changed = (): MatrixError => new MatrixError('M_FORBIDDEN', 'the password was changed meanwhile')
    return { userId, locked: stored.locked === 1, still: mustFind(passwordIsStill(userId, stored.hash), changed) }
  }

  #begin(account: string, from: string): void {
    if (!this.#ports.limited) return
    const addressMs = this.#addresses.begin(from)
    if (addressMs > 0) throw tooMany(addressMs)
    const accountMs = this.#accounts.begin(account)
    if (accountMs > 0) throw tooMany(accountMs)
  }
}

function tooMany(ms: number): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'too many failed attempts', { extra: { retry_after_ms: Math.ceil(ms) } })
}
