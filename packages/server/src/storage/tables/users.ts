import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insert, upsert } from '../table-write.ts'

/** An account. Flags are 0 and 1; times are milliseconds. */
export interface UserRow {
  readonly user_id: string
  readonly created_at: number
  readonly admin: number
  readonly deactivated: number
  readonly locked: number
  readonly suspended: number
  readonly erased: number
}

/** Bound: one row an account that has a password. */
export const insertPassword = insert({
  name: 'passwords.insert',
  table: 'passwords',
  columns: { user_id: 'text', hash: 'text', changed_at: 'int' },
})

export const upsertPassword = upsert({
  name: 'passwords.upsert',
  table: 'passwords',
  key: ['user_id'],
  columns: { user_id: 'text', hash: 'text', changed_at: 'int' },
})

/** An account by its id. */
export function findUser(db: Database, userId: string): Promise<UserRow | undefined> {
  return db.first(sql<UserRow>('users.one')`
    SELECT user_id, created_at, admin, deactivated, locked, suspended, erased FROM users WHERE user_id = ${userId}`)
}

/** An account's password hash, if it has a password, and whether it is locked. */
export function findPassword(db: Database, userId: string): Promise<{ hash: string; locked: number } | undefined> {
  return db.first(sql<{ hash: string; locked: number }>('passwords.one')`
    SELECT p.hash, u.locked FROM passwords p JOIN users u ON u.user_id = p.user_id WHERE p.user_id = ${userId}`)
}

/** Accounts after `after` in the order of their ids, at most `limit`. */
export function listUsers(db: Database, after: string, limit: number): Promise<UserRow[]> {
  return db.all(sql<UserRow>('users.page')`
    SELECT user_id, created_at, admin, deactivated, locked, suspended, erased FROM users
    WHERE user_id > ${after} ORDER BY user_id LIMIT ${limit}`)
}

/** Make an account; a step with `expect: 1`: the name may be taken. Bound: one row an account, for ever, so that no name is given twice. */
export function addUser(userId: string, admin: number, now: number): Query<unknown> {
  return sql('users.add')`
    INSERT INTO users (user_id, created_at, admin) VALUES (${userId}, ${now}, ${admin}) ON CONFLICT (user_id) DO NOTHING`
}

/** Changes nothing; a step with `expect: 1` that holds while the account's password is the one that was checked. */
export function passwordIsStill(userId: string, hash: string): Query<unknown> {
  return sql('passwords.isStill')`UPDATE passwords SET changed_at = changed_at WHERE user_id = ${userId} AND hash = ${hash}`
}

/** Changes nothing; a step with `expect: 1` that holds while the account is not deactivated. */
export function userIsActive(userId: string): Query<unknown> {
  return sql('users.isActive')`UPDATE users SET deactivated = 0 WHERE user_id = ${userId} AND deactivated = 0`
}

/** Accounts that were ended with the wish to be erased, by name after `after`, at most `limit`. */
export function erasedUsersAfter(db: Database, after: string, limit: number): Promise<{ readonly user_id: string }[]> {
  return db.all(sql<{ readonly user_id: string }>('users.erased')`
    SELECT user_id FROM users WHERE erased = 1 AND user_id > ${after} ORDER BY user_id LIMIT ${limit}`)
}

/** A step with `expect: 1`: it may be deactivated already. */
export function markDeactivated(userId: string, erased: number): Query<unknown> {
  return sql('users.deactivate')`
    UPDATE users SET deactivated = 1, erased = ${erased}, admin = 0 WHERE user_id = ${userId} AND deactivated = 0`
}

/** Lock or unlock; a step with `expect: 1`. */
export function setLocked(userId: string, locked: number): Query<unknown> {
  return sql('users.setLocked')`UPDATE users SET locked = ${locked} WHERE user_id = ${userId} AND deactivated = 0`
}

/** Suspend or readmit; a step with `expect: 1`. */
export function setSuspended(userId: string, suspended: number): Query<unknown> {
  return sql('users.setSuspended')`UPDATE users SET suspended = ${suspended} WHERE user_id = ${userId} AND deactivated = 0`
}

export function deletePassword(userId: string): Query<unknown> {
  return sql('passwords.delete')`DELETE FROM passwords WHERE user_id = ${userId}`
}
