import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { insert, upsert } from '../table-write.ts'

/** A version of a user's key backup. `keys`: how many sessions it holds; `bytes`: of their JSON. */
export interface BackupVersionRow {
  readonly version: number
  readonly algorithm: string
  readonly auth_data: string
  readonly etag: number
  readonly keys: number
  readonly bytes: number
}

/** A session in a backup; `json` is the session as uploaded. */
export interface BackupKeyRow {
  readonly room_id: string
  readonly session_id: string
  readonly json: string
}

/** Bound: `backupVersionsMax` a user. */
export const insertBackupVersion = insert({
  name: 'key_backup_versions.insert',
  table: 'key_backup_versions',
  columns: {
    user_id: 'text',
    version: 'int',
    algorithm: 'text',
    auth_data: 'text',
    etag: 'int',
    keys: 'int',
    bytes: 'int',
    deleted: 'int',
  },
})

/** Bound: `backupKeysMax` a version. */
export const upsertBackupKey = upsert({
  name: 'backup_keys.upsert',
  table: 'backup_keys',
  key: ['user_id', 'version', 'room_id', 'session_id'],
  columns: { user_id: 'text', version: 'int', room_id: 'text', session_id: 'text', json: 'text' },
})

/** The newest version that was not deleted. */
export function currentBackup(db: Database, userId: string): Promise<BackupVersionRow | undefined> {
  return db.first(sql<BackupVersionRow>('key_backup_versions.current')`
    SELECT version, algorithm, auth_data, etag, keys, bytes FROM key_backup_versions
    WHERE user_id = ${userId} AND deleted = 0 ORDER BY version DESC LIMIT 1`)
}

/** One version that was not deleted. */
export function findBackup(db: Database, userId: string, version: number): Promise<BackupVersionRow | undefined> {
  return db.first(sql<BackupVersionRow>('key_backup_versions.one')`
    SELECT version, algorithm, auth_data, etag, keys, bytes FROM key_backup_versions
    WHERE user_id = ${userId} AND version = ${version} AND deleted = 0`)
}

/** The newest number that was given, 0 for none. */
export async function lastBackupVersion(db: Database, userId: string): Promise<number> {
  const row = await db.first(sql<{ version: number }>('key_backup_versions.last')`
    SELECT version FROM key_backup_versions WHERE user_id = ${userId} ORDER BY version DESC LIMIT 1`)
  return row?.version ?? 0
}

/** A step with `expect: 1`. */
export function replaceAuthData(userId: string, version: number, authData: string): Query<unknown> {
  return sql('key_backup_versions.replaceAuthData')`
    UPDATE key_backup_versions SET auth_data = ${authData} WHERE user_id = ${userId} AND version = ${version} AND deleted = 0`
}

/** A version ends, with its sessions. The first step is with `expect: 1`. */
export function endBackup(userId: string, version: number): readonly [Query<unknown>, Query<unknown>] {
  return [
    sql('key_backup_versions.end')`
      UPDATE key_backup_versions SET deleted = 1, keys = 0, bytes = 0, auth_data = '{}' WHERE user_id = ${userId} AND version = ${version} AND deleted = 0`,
    sql('backup_keys.deleteVersion')`DELETE FROM backup_keys WHERE user_id = ${userId} AND version = ${version}`,
  ]
}

/** The sessions of a version change: from this etag to the next. With `expect: 1` nobody else did meanwhile. */
export function moveBackup(
  userId: string,
  was: BackupVersionRow,
  { keys, bytes }: { readonly keys: number; readonly bytes: number },
): Query<unknown> {
  return sql('key_backup_versions.move')`
    UPDATE key_backup_versions SET etag = ${was.etag + 1}, keys = ${keys}, bytes = ${bytes}
    WHERE user_id = ${userId} AND version = ${was.version} AND etag = ${was.etag} AND deleted = 0`
}

/** Sessions of a version by their ids, of any rooms. Bound: the list, and a session id has few rooms. */
export function backupKeysNamed(
  db: Database,
  userId: string,
  version: number,
  rooms: readonly string[],
  sessions: readonly string[],
): Promise<BackupKeyRow[]> {
  return db.all(sql<BackupKeyRow>('backup_keys.named')`
    SELECT room_id, session_id, json FROM backup_keys
    WHERE user_id = ${userId} AND version = ${version} AND room_id ${new In(rooms)} AND session_id ${new In(sessions)}`)
}

/** A page of a version's sessions after (room, session), in that order. */
export function backupKeysAfter(
  db: Database,
  userId: string,
  version: number,
  after: { readonly room: string; readonly session: string },
  limit: number,
): Promise<BackupKeyRow[]> {
  return db.all(sql<BackupKeyRow>('backup_keys.page')`
    SELECT room_id, session_id, json FROM backup_keys
    WHERE user_id = ${userId} AND version = ${version} AND (room_id, session_id) > (${after.room}, ${after.session})
    ORDER BY room_id, session_id LIMIT ${limit}`)
}

/** A page of a room's sessions after one, in order. */
export function backupKeysOfRoom(
  db: Database,
  userId: string,
  version: number,
  room: string,
  after: string,
  limit: number,
): Promise<BackupKeyRow[]> {
  return db.all(sql<BackupKeyRow>('backup_keys.ofRoom')`
    SELECT room_id, session_id, json FROM backup_keys
    WHERE user_id = ${userId} AND version = ${version} AND room_id = ${room} AND session_id > ${after} ORDER BY session_id LIMIT ${limit}`)
}

/** How many sessions of a room a version holds. Bound: `backupKeysMax`. */
export async function sizeOfBackedUpRoom(
  db: Database,
  userId: string,
  version: number,
  room: string,
): Promise<{ keys: number; bytes: number }> {
  const row = await db.first(sql<{ keys: number; bytes: number }>('backup_keys.sizeOfRoom')`
    SELECT count(*) AS keys, coalesce(sum(octet_length(json)), 0) AS bytes FROM backup_keys
    WHERE user_id = ${userId} AND version = ${version} AND room_id = ${room}`)
  return row ?? { keys: 0, bytes: 0 }
}

/** Bytes of all sessions of a user, of all versions. Bound: `backupVersionsMax` rows. */
export async function backupBytesOf(db: Database, userId: string): Promise<number> {
  const row = await db.first(sql<{ bytes: number }>('key_backup_versions.bytes')`
    SELECT coalesce(sum(bytes), 0) AS bytes FROM key_backup_versions WHERE user_id = ${userId}`)
  return row?.bytes ?? 0
}

/** Was there this version? */
export function isEndedBackup(db: Database, userId: string, version: number): Promise<{ version: number } | undefined> {
  return db.first(sql<{ version: number }>('key_backup_versions.ended')`
    SELECT version FROM key_backup_versions WHERE user_id = ${userId} AND version = ${version} AND deleted = 1`)
}

export function deleteBackupKeys(userId: string, version: number): Query<unknown> {
  return sql('backup_keys.deleteAll')`DELETE FROM backup_keys WHERE user_id = ${userId} AND version = ${version}`
}

export function deleteBackupKeysOfRoom(userId: string, version: number, room: string): Query<unknown> {
  return sql('backup_keys.deleteRoom')`DELETE FROM backup_keys WHERE user_id = ${userId} AND version = ${version} AND room_id = ${room}`
}

export function deleteBackupKey(userId: string, version: number, room: string, session: string): Query<unknown> {
  return sql('backup_keys.deleteOne')`
    DELETE FROM backup_keys WHERE user_id = ${userId} AND version = ${version} AND room_id = ${room} AND session_id = ${session}`
}

/** All versions of a user's, with their sessions. */
export function deleteBackups(userId: string): readonly Query<unknown>[] {
  return [
    sql('backup_keys.deleteOfUser')`DELETE FROM backup_keys WHERE user_id = ${userId}`,
    sql('key_backup_versions.deleteOfUser')`DELETE FROM key_backup_versions WHERE user_id = ${userId}`,
  ]
}
