import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insertNew, upsert } from '../table-write.ts'

/** A key that is given away; `json` is the key as uploaded, a string or an object. */
export interface OneTimeKeyRow {
  readonly algorithm: string
  readonly key_id: string
  readonly json: string
}

/** Bound: `oneTimeKeysMax` a device. */
export const insertOneTimeKey = insertNew({
  name: 'one_time_keys.insert',
  table: 'one_time_keys',
  key: ['user_id', 'device_id', 'algorithm', 'key_id'],
  columns: { user_id: 'text', device_id: 'text', algorithm: 'text', key_id: 'text', seq: 'int', epoch: 'int', json: 'text' },
})

/** Bound: one row a device and algorithm. */
export const upsertFallbackKey = upsert({
  name: 'fallback_keys.upsert',
  table: 'fallback_keys',
  key: ['user_id', 'device_id', 'algorithm'],
  columns: { user_id: 'text', device_id: 'text', algorithm: 'text', key_id: 'text', json: 'text', used: 'int' },
})

/** All of a device's that can be given. Bound: `oneTimeKeysMax`. */
export function oneTimeKeysOf(db: Database, userId: string, deviceId: string, epoch: number): Promise<OneTimeKeyRow[]> {
  return db.all(sql<OneTimeKeyRow>('one_time_keys.ofDevice')`
    SELECT algorithm, key_id, json FROM one_time_keys WHERE user_id = ${userId} AND device_id = ${deviceId} AND epoch = ${epoch}`)
}

/** How many of a device's can be given, by algorithm. */
export function countOneTimeKeys(
  db: Database,
  userId: string,
  deviceId: string,
  epoch: number,
): Promise<{ algorithm: string; count: number }[]> {
  return db.all(sql<{ algorithm: string; count: number }>('one_time_keys.count')`
    SELECT algorithm, count(*) AS count FROM one_time_keys
    WHERE user_id = ${userId} AND device_id = ${deviceId} AND epoch = ${epoch} GROUP BY algorithm ORDER BY algorithm`)
}

/** Ids that were given away lately. Bound: `issuedKeysMax` and a few. */
export function issuedKeysOf(db: Database, userId: string, deviceId: string): Promise<{ algorithm: string; key_id: string }[]> {
  return db.all(sql<{ algorithm: string; key_id: string }>('issued_one_time_keys.ofDevice')`
    SELECT algorithm, key_id FROM issued_one_time_keys WHERE user_id = ${userId} AND device_id = ${deviceId}`)
}

/** A device's fallback keys. Bound: one an algorithm. */
export function fallbackKeysOf(db: Database, userId: string, deviceId: string): Promise<(OneTimeKeyRow & { readonly used: number })[]> {
  return db.all(sql<OneTimeKeyRow & { readonly used: number }>('fallback_keys.ofDevice')`
    SELECT algorithm, key_id, json, used FROM fallback_keys WHERE user_id = ${userId} AND device_id = ${deviceId} ORDER BY algorithm`)
}

/** Remember that the next key is given away now. Goes before `takeOneTimeKey` in the same unit. */
export function noteIssued(userId: string, deviceId: string, algorithm: string, epoch: number, seq: number): Query<unknown> {
  return sql('issued_one_time_keys.note')`
    INSERT INTO issued_one_time_keys (user_id, device_id, algorithm, key_id, seq)
    SELECT user_id, device_id, algorithm, key_id, CAST(${seq} AS bigint) FROM one_time_keys
    WHERE user_id = ${userId} AND device_id = ${deviceId} AND algorithm = ${algorithm} AND epoch = ${epoch} ORDER BY seq LIMIT 1
    ON CONFLICT (user_id, device_id, algorithm, key_id) DO NOTHING`
}

/** Take the key away that was uploaded first; gives it, if there is one. */
export function takeOneTimeKey(userId: string, deviceId: string, algorithm: string, epoch: number): Query<OneTimeKeyRow> {
  return sql<OneTimeKeyRow>('one_time_keys.take')`
    DELETE FROM one_time_keys WHERE user_id = ${userId} AND device_id = ${deviceId} AND algorithm = ${algorithm} AND key_id IN (
      SELECT key_id FROM one_time_keys
      WHERE user_id = ${userId} AND device_id = ${deviceId} AND algorithm = ${algorithm} AND epoch = ${epoch} ORDER BY seq LIMIT 1)
    RETURNING algorithm, key_id, json`
}

/** Give the fallback key; it counts as used from now on. */
export function takeFallbackKey(userId: string, deviceId: string, algorithm: string): Query<OneTimeKeyRow> {
  return sql<OneTimeKeyRow>('fallback_keys.take')`
    UPDATE fallback_keys SET used = 1 WHERE user_id = ${userId} AND device_id = ${deviceId} AND algorithm = ${algorithm}
    RETURNING algorithm, key_id, json`
}

/** Of what was given away, remember only the newest; and keys of before a restore are never given. */
export function pruneKeys(userId: string, deviceId: string, epoch: number, kept: number): readonly Query<unknown>[] {
  return [
    sql('issued_one_time_keys.prune')`
      DELETE FROM issued_one_time_keys WHERE user_id = ${userId} AND device_id = ${deviceId} AND seq <
        (SELECT seq FROM issued_one_time_keys WHERE user_id = ${userId} AND device_id = ${deviceId} ORDER BY seq DESC LIMIT 1 OFFSET ${kept})`,
    sql('one_time_keys.prune')`DELETE FROM one_time_keys WHERE user_id = ${userId} AND device_id = ${deviceId} AND epoch <> ${epoch}`,
  ]
}
