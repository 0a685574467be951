import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insert } from '../table-write.ts'

/** A field of a local user's profile; `value` is JSON. */
export interface ProfileRow {
  readonly field: string
  readonly value: string
}

/** Fields of a new account. */
export const insertProfileField = insert({
  name: 'profiles.insert',
  table: 'profiles',
  columns: { user_id: 'text', field: 'text', value: 'text' },
})

/** All fields. Bound: the size of a profile. */
export function profileOf(db: Database, userId: string): Promise<ProfileRow[]> {
  return db.all(sql<ProfileRow>('profiles.all')`SELECT field, value FROM profiles WHERE user_id = ${userId} ORDER BY field`)
}

/** One field. */
export function profileField(db: Database, userId: string, field: string): Promise<ProfileRow | undefined> {
  return db.first(sql<ProfileRow>('profiles.one')`SELECT field, value FROM profiles WHERE user_id = ${userId} AND field = ${field}`)
}

/**
 * Set a field; a step with `expect: 1`: with it the profile's JSON may not pass `bytesMax`. Each field takes its name, its
 * value, two quotes, a colon and a comma; the braces take two more, less one comma.
 */
export function setProfileField(userId: string, field: string, value: string, bytesMax: number): Query<unknown> {
  return sql('profiles.set')`
    INSERT INTO profiles (user_id, field, value) SELECT CAST(${userId} AS text), CAST(${field} AS text), CAST(${value} AS text)
    WHERE (SELECT coalesce(sum(octet_length(field) + octet_length(value) + 4), 0) FROM profiles WHERE user_id = ${userId} AND field <> ${field})
      + octet_length(CAST(${field} AS text)) + octet_length(CAST(${value} AS text)) + 5 <= CAST(${bytesMax} AS bigint)
    ON CONFLICT (user_id, field) DO UPDATE SET value = excluded.value`
}

/** Remove a field. */
export function deleteProfileField(userId: string, field: string): Query<unknown> {
  return sql('profiles.deleteOne')`DELETE FROM profiles WHERE user_id = ${userId} AND field = ${field}`
}

/** Remove a whole profile. */
export function deleteProfile(userId: string): Query<unknown> {
  return sql('profiles.deleteAll')`DELETE FROM profiles WHERE user_id = ${userId}`
}
