import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'

/** A token that lets people make accounts. Absent limits: any number of uses, for ever. */
export interface RegistrationTokenRow {
  readonly token: string
  readonly uses_allowed: number | null
  readonly completed: number
  readonly expires_at: number | null
}

/** One token. */
export function findRegistrationToken(db: Database, token: string): Promise<RegistrationTokenRow | undefined> {
  return db.first(sql<RegistrationTokenRow>('registration_tokens.one')`
    SELECT token, uses_allowed, completed, expires_at FROM registration_tokens WHERE token = ${token}`)
}

/** All tokens by name, at most `limit`. */
export function listRegistrationTokens(db: Database, limit: number): Promise<RegistrationTokenRow[]> {
  return db.all(sql<RegistrationTokenRow>('registration_tokens.all')`
    SELECT token, uses_allowed, completed, expires_at FROM registration_tokens ORDER BY token LIMIT ${limit}`)
}

/** Make a token; a step with `expect: 1`: there may be one of that name. Bound: what the operator makes. */
export function addRegistrationToken(token: string, usesAllowed: number | null, expiresAt: number | null): Query<unknown> {
  return sql('registration_tokens.add')`
    INSERT INTO registration_tokens (token, uses_allowed, expires_at) VALUES (${token}, ${usesAllowed}, ${expiresAt})
    ON CONFLICT (token) DO NOTHING`
}

/** Count a use; a step with `expect: 1`: it may be used up or expired by now. */
export function useRegistrationToken(token: string, now: number): Query<unknown> {
  return sql('registration_tokens.use')`
    UPDATE registration_tokens SET completed = completed + 1
    WHERE token = ${token} AND (uses_allowed IS NULL OR completed < uses_allowed) AND (expires_at IS NULL OR expires_at > ${now})`
}

/** A step with `expect: 1`. */
export function deleteRegistrationToken(token: string): Query<unknown> {
  return sql('registration_tokens.delete')`DELETE FROM registration_tokens WHERE token = ${token}`
}
