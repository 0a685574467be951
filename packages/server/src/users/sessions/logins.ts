import type { UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Database } from '../../storage/database.ts'
import type { PasswordCheck } from '../passwords/password-check.ts'
import { commitParts } from '../unit.ts'
import type { SessionWish, TokenGrant } from './new-session.ts'
import type { Sessions } from './sessions.ts'

/** Somebody who logged in. */
export interface Login {
  readonly userId: UserId
  readonly deviceId: string
  readonly grant: TokenGrant
}

interface Ports {
  readonly db: Database
  readonly passwords: PasswordCheck
  readonly sessions: Sessions
}

/** Logging in (Client-Server API, "Login"). */
export class Logins {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Log in by password. `user` is a localpart or a whole user id.
   * Throws M_FORBIDDEN, M_USER_LOCKED, M_LIMIT_EXCEEDED, M_INVALID_PARAM.
   */
  async byPassword(user: string, password: string, wish: SessionWish & { readonly address: string }): Promise<Login> {
    const { db, passwords, sessions } = this.#ports
    const { userId, locked, still } = await passwords.prove(user, password, wish.address)
    if (locked) throw new MatrixError('M_USER_LOCKED', 'this account is locked', { extra: { soft_logout: true } })
    const session = await sessions.prepare(userId, wish)
    await commitParts(db, { steps: [still] }, session.parts)
    return { userId, deviceId: session.deviceId, grant: session.grant }
  }
}
