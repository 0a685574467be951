import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { insert, upsert } from '../table-write.ts'

/** What an access token stands for. */
export interface TokenRow {
  readonly session: number
  readonly user_id: string
  readonly device_id: string
  readonly scopes: string
  readonly expires_at: number | null
  readonly pair: number
  /** The newest pair of the session that was used. */
  readonly session_pair: number
  /** The pair that was exchanged for this token's pair. */
  readonly parent: number | null
  readonly admin: number
  readonly deactivated: number
  readonly locked: number
  readonly suspended: number
}

/** What a refresh token stands for. */
export interface RefreshTokenRow {
  readonly session: number
  readonly user_id: string
  readonly device_id: string
  readonly pair: number
  readonly parent: number
  readonly session_pair: number
  readonly locked: number
}

/** Bound: one row a login that lasts; a device has one at a time, whose number the next login of the device takes over. */
export const upsertSession = upsert({
  name: 'sessions.upsert',
  table: 'sessions',
  key: ['session'],
  columns: { session: 'int', user_id: 'text', device_id: 'text', client: 'text', scopes: 'text', created_at: 'int', pair: 'int' },
})

/** Bound: one row a session, or those of the refreshes of a day. */
export const insertAccessToken = insert({
  name: 'access_tokens.insert',
  table: 'access_tokens',
  columns: { hash: 'bytes', session: 'int', pair: 'int', expires_at: 'int' },
})

/** Bound: the refreshes of a session within a week. */
export const insertRefreshToken = insert({
  name: 'refresh_tokens.insert',
  table: 'refresh_tokens',
  columns: { hash: 'bytes', session: 'int', pair: 'int', parent: 'int', created_at: 'int' },
})

/** The session of a device, if it has one. */
export async function sessionOfDevice(db: Database, userId: string, deviceId: string): Promise<number | undefined> {
  const row = await db.first(sql<{ session: number }>('sessions.ofDevice')`
    SELECT session FROM sessions WHERE user_id = ${userId} AND device_id = ${deviceId} ORDER BY session LIMIT 1`)
  return row?.session
}

/** The access token with this SHA-256. */
export function findAccessToken(db: Database, hash: Uint8Array): Promise<TokenRow | undefined> {
  return db.first(sql<TokenRow>('access_tokens.one')`
    SELECT t.session, s.user_id, s.device_id, s.scopes, t.expires_at, t.pair, s.pair AS session_pair, r.parent,
      u.admin, u.deactivated, u.locked, u.suspended
    FROM access_tokens t JOIN sessions s ON s.session = t.session JOIN users u ON u.user_id = s.user_id
      LEFT JOIN refresh_tokens r ON r.session = t.session AND r.pair = t.pair
    WHERE t.hash = ${hash}`)
}

/** The refresh token with this SHA-256. */
export function findRefreshToken(db: Database, hash: Uint8Array): Promise<RefreshTokenRow | undefined> {
  return db.first(sql<RefreshTokenRow>('refresh_tokens.one')`
    SELECT r.session, s.user_id, s.device_id, r.pair, r.parent, s.pair AS session_pair, u.locked
    FROM refresh_tokens r JOIN sessions s ON s.session = r.session JOIN users u ON u.user_id = s.user_id
    WHERE r.hash = ${hash}`)
}

/** How many pairs a pair was exchanged for. */
export async function countOffers(db: Database, session: number, parent: number): Promise<number> {
  const row = await db.first(sql<{ count: number }>('refresh_tokens.offers')`
    SELECT count(*) AS count FROM refresh_tokens WHERE session = ${session} AND parent = ${parent}`)
  return row?.count ?? 0
}

/** A pair was used; a step with `expect: 1`: it must be the session's newest one, or follow that one. */
export function provePair(session: number, pair: number, parent: number): Query<unknown> {
  return sql('sessions.prove')`
    UPDATE sessions SET pair = ${pair} WHERE session = ${session} AND (pair = ${pair} OR pair = ${parent})`
}

/** Take back what a pair was exchanged for, as far as it was not used. The access tokens first. */
export function withdrawOffers(session: number, parent: number): Query<unknown>[] {
  return [
    sql('access_tokens.withdraw')`
      DELETE FROM access_tokens WHERE session = ${session}
        AND pair IN (SELECT pair FROM refresh_tokens WHERE session = ${session} AND parent = ${parent})`,
    sql('refresh_tokens.withdraw')`DELETE FROM refresh_tokens WHERE session = ${session} AND parent = ${parent}`,
  ]
}

/** Forget access tokens of the session that expired before `expired`, and refresh tokens of before `old` except those of `pair`. */
export function forgetOldTokens(session: number, pair: number, expired: number, old: number): Query<unknown>[] {
  return [
    sql('access_tokens.forget')`DELETE FROM access_tokens WHERE session = ${session} AND expires_at < ${expired}`,
    sql('refresh_tokens.forget')`
      DELETE FROM refresh_tokens WHERE session = ${session} AND created_at < ${old} AND pair <> ${pair}`,
  ]
}

/** End one session, its device staying. */
export function endSession(session: number): Query<unknown>[] {
  return [
    sql('access_tokens.endOne')`DELETE FROM access_tokens WHERE session = ${session}`,
    sql('refresh_tokens.endOne')`DELETE FROM refresh_tokens WHERE session = ${session}`,
    sql('sessions.endOne')`DELETE FROM sessions WHERE session = ${session}`,
  ]
}

/** End the sessions of some devices of a user, at least one. */
export function endSessionsOfDevices(userId: string, deviceIds: readonly string[]): Query<unknown>[] {
  return [
    sql('access_tokens.endDevices')`
      DELETE FROM access_tokens WHERE session IN (SELECT session FROM sessions WHERE user_id = ${userId} AND device_id ${new In(deviceIds)})`,
    sql('refresh_tokens.endDevices')`
      DELETE FROM refresh_tokens WHERE session IN (SELECT session FROM sessions WHERE user_id = ${userId} AND device_id ${new In(deviceIds)})`,
    sql('sessions.endDevices')`DELETE FROM sessions WHERE user_id = ${userId} AND device_id ${new In(deviceIds)}`,
  ]
}

/** End all sessions of a user but those of one device (`''` for none). */
export function endSessionsBut(userId: string, keptDeviceId: string): Query<unknown>[] {
  return [
    sql('access_tokens.endBut')`
      DELETE FROM access_tokens WHERE session IN (SELECT session FROM sessions WHERE user_id = ${userId} AND device_id <> ${keptDeviceId})`,
    sql('refresh_tokens.endBut')`
      DELETE FROM refresh_tokens WHERE session IN (SELECT session FROM sessions WHERE user_id = ${userId} AND device_id <> ${keptDeviceId})`,
    sql('sessions.endBut')`DELETE FROM sessions WHERE user_id = ${userId} AND device_id <> ${keptDeviceId}`,
  ]
}
