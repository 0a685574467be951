import { parseUserId, type UserId } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import { addOpenIdToken, findOpenIdToken, forgetOpenIdTokens } from '../../storage/tables/openid-tokens.ts'
import { openIdTokenMs, shownTokenCharsMax, tokenChars } from '../limits.ts'
import { tokenHash } from '../sessions/tokens.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
}

/**
 * Tokens by which somebody proves to a third party who they are; they open nothing else. Client-Server API, "OpenID".
 */
export class OpenIdTokens {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** A new token of a user, and the milliseconds that it is good for. */
  async issue(userId: UserId): Promise<{ readonly token: string; readonly expiresInMs: number }> {
    const { db, clock, random } = this.#ports
    const token = `cwo_${random.token(tokenChars)}`
    const now = clock.now()
    await db.commit({
      steps: [{ query: forgetOpenIdTokens(now) }, { query: addOpenIdToken(tokenHash(token), userId, now + openIdTokenMs), expect: 1 }],
    })
    return { token, expiresInMs: openIdTokenMs }
  }

  /** Whose token it is; absent when it is none, or not any more. */
  async userOf(token: string): Promise<UserId | undefined> {
    if (token.length > shownTokenCharsMax) return undefined
    const row = await findOpenIdToken(this.#ports.db, tokenHash(token), this.#ports.clock.now())
    return row === undefined ? undefined : parseUserId(row.user_id)
  }
}
