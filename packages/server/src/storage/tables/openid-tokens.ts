import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'

/** Whose token it is, while it is good and they have their account. */
export function findOpenIdToken(db: Database, tokenHash: Uint8Array, now: number): Promise<{ readonly user_id: string } | undefined> {
  return db.first(sql<{ readonly user_id: string }>('openid_tokens.user')`
    SELECT t.user_id FROM openid_tokens t JOIN users u ON u.user_id = t.user_id
    WHERE t.token_hash = ${tokenHash} AND t.expires_at > ${now} AND u.deactivated = 0 AND u.locked = 0`)
}

/** Keep a token. Bound: they expire within the hour, and each new one sweeps out what has expired. */
export function addOpenIdToken(tokenHash: Uint8Array, userId: string, expiresAt: number): Query<unknown> {
  return sql('openid_tokens.add')`
    INSERT INTO openid_tokens (token_hash, user_id, expires_at) VALUES (${tokenHash}, ${userId}, ${expiresAt})`
}

/** Forget what has expired. */
export function forgetOpenIdTokens(now: number): Query<unknown> {
  return sql('openid_tokens.forget')`DELETE FROM openid_tokens WHERE expires_at <= ${now}`
}
