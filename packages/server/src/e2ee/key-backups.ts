import type { UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Database, Rows, Step } from '../storage/database.ts'
import {
  backupKeysAfter,
  backupKeysNamed,
  backupKeysOfRoom,
  countBackupKeysOfRoom,
  currentBackup,
  deleteBackupKey,
  deleteBackupKeys,
  deleteBackupKeysOfRoom,
  endBackup,
  findBackup,
  insertBackupVersion,
  lastBackupVersion,
  moveBackup,
  replaceAuthData,
  upsertBackupKey,
  type BackupKeyRow,
  type BackupVersionRow,
} from '../storage/tables/key-backups.ts'
import { backupAuthDataBytesMax, backupKeysMax, backupTriesMax, backupVersionsMax } from './limits.ts'
import { checkName, isName, jsonWithin, storedObject } from './names.ts'
import { isBetter, type BackupPlace, type SessionUpload } from './backup-sessions.ts'

/** What an action on sessions answers. */
export interface BackupCount {
  readonly count: number
  readonly etag: string
}

/** Sessions that are read at once. */
const pageSize = 500

/** Users' key backups (Client-Server API, "Server-side key backups"). */
export class KeyBackups {
  readonly #db: Database

  constructor(ports: { readonly db: Database }) {
    this.#db = ports.db
  }

  /** Begin a version; gives its number. Throws M_INVALID_PARAM, M_TOO_LARGE. */
  async create(userId: UserId, algorithm: string, authData: unknown): Promise<string> {
    checkName(algorithm, 'an algorithm')
    const json = jsonWithin(authData, backupAuthDataBytesMax, 'auth_data')
    for (let tries = 0; tries < backupTriesMax; tries++) {
      const version = (await lastBackupVersion(this.#db, userId)) + 1
      if (version > backupVersionsMax) throw new MatrixError('M_TOO_LARGE', `a user has at most ${backupVersionsMax} backups`)
      const outcome = await this.#db
        .commit({ rows: [{ write: insertBackupVersion, rows: [[userId, version, algorithm, json, 0, 0, 0]] }] })
        .catch(async (error: unknown) => {
          // Another device of the user took the number.
          if ((await lastBackupVersion(this.#db, userId)) >= version) return { committed: false }
          throw error
        })
      if (outcome.committed) return String(version)
    }
    throw again()
  }

  /** A version, or the current one. Throws M_NOT_FOUND. */
  async info(userId: UserId, version: string | undefined): Promise<object> {
    const row = version === undefined ? await currentBackup(this.#db, userId) : await this.#find(userId, version)
    if (row === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such backup')
    const { algorithm, auth_data: authData, keys, etag } = row
    return { algorithm, auth_data: JSON.parse(authData), count: keys, etag: String(etag), version: String(row.version) }
  }

  /** Change what describes a version; its algorithm stays. Throws M_NOT_FOUND, M_INVALID_PARAM, M_TOO_LARGE. */
  async update(
    userId: UserId,
    version: string,
    change: { algorithm: string; authData: unknown; version: string | undefined },
  ): Promise<void> {
    const row = await this.#mustFind(userId, version)
    if (change.version !== undefined && change.version !== version) {
      throw new MatrixError('M_INVALID_PARAM', 'the body names another version')
    }
    if (change.algorithm !== row.algorithm) throw new MatrixError('M_INVALID_PARAM', 'the algorithm of a backup cannot be changed')
    const json = jsonWithin(change.authData, backupAuthDataBytesMax, 'auth_data')
    const outcome = await this.#db.commit({ steps: [{ query: replaceAuthData(userId, row.version, json), expect: 1 }] })
    if (!outcome.committed) throw new MatrixError('M_NOT_FOUND', 'there is no such backup')
  }

  /** Delete a version with its sessions. Throws M_NOT_FOUND. */
  async remove(userId: UserId, version: string): Promise<void> {
    const row = await this.#mustFind(userId, version)
    const [end, forget] = endBackup(userId, row.version)
    const outcome = await this.#db.commit({ steps: [{ query: end, expect: 1 }, { query: forget }] })
    if (!outcome.committed) throw new MatrixError('M_NOT_FOUND', 'there is no such backup')
  }

  /**
   * Put sessions into the current version; a session that is there already stays if it is the better one. Throws M_NOT_FOUND,
   * M_WRONG_ROOM_KEYS_VERSION, M_TOO_LARGE.
   */
  async put(userId: UserId, version: string, sessions: readonly SessionUpload[]): Promise<BackupCount> {
    const unique = new Map(sessions.map((each) => [JSON.stringify([each.room, each.session]), each]))
    return this.#change(userId, version, async (row) => {
      const rooms = [...new Set([...unique.values()].map(({ room }) => room))]
      const ids = [...new Set([...unique.values()].map(({ session }) => session))]
      const stored = unique.size === 0 ? [] : await backupKeysNamed(this.#db, userId, row.version, rooms, ids)
      const known = new Map(stored.map((each) => [JSON.stringify([each.room_id, each.session_id]), each.json]))
      const better = [...unique].filter(([name, each]) => {
        const json = known.get(name)
        return json === undefined || (json !== each.json && isBetter(each.object, storedObject(json)))
      })
      const added = better.filter(([name]) => !known.has(name)).length
      if (row.keys + added > backupKeysMax) throw new MatrixError('M_TOO_LARGE', `a backup holds at most ${backupKeysMax} sessions`)
      const rows = better.map(([, each]) => [userId, row.version, each.room, each.session, each.json])
      return {
        rows: rows.length === 0 ? [] : [{ write: upsertBackupKey, rows }],
        steps: [],
        keys: row.keys + added,
        changes: rows.length > 0,
      }
    })
  }

  /** Sessions of a version, all or a room's, in the order of rooms. Throws M_NOT_FOUND for a version that is not there. */
  async read(userId: UserId, version: string, { room }: BackupPlace): Promise<readonly BackupKeyRow[]> {
    const row = await this.#mustFind(userId, version)
    const found: BackupKeyRow[] = []
    for (let after = { room: '', session: '' }; ;) {
      const page =
        room === undefined
          ? await backupKeysAfter(this.#db, userId, row.version, after, pageSize)
          : await backupKeysOfRoom(this.#db, userId, row.version, room, after.session, pageSize)
      found.push(...page)
      const last = page.at(-1)
      if (last === undefined || page.length < pageSize) return found
      after = { room: last.room_id, session: last.session_id }
    }
  }

  /** One session as JSON. Throws M_NOT_FOUND. */
  async readOne(userId: UserId, version: string, { room, session }: { readonly room: string; readonly session: string }): Promise<string> {
    const row = await this.#mustFind(userId, version)
    const [found] = isName(session) ? await backupKeysNamed(this.#db, userId, row.version, [room], [session]) : []
    if (found === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such session')
    return found.json
  }

  /** Delete sessions of a version: all, a room's, or one. Throws M_NOT_FOUND. */
  async delete(userId: UserId, version: string, place: BackupPlace): Promise<BackupCount> {
    return this.#change(
      userId,
      version,
      async (row) => {
        const gone = await this.#count(userId, row, place)
        const query =
          place.room === undefined
            ? deleteBackupKeys(userId, row.version)
            : place.session === undefined
              ? deleteBackupKeysOfRoom(userId, row.version, place.room)
              : deleteBackupKey(userId, row.version, place.room, place.session)
        return { rows: [], steps: [{ query }], keys: row.keys - gone, changes: gone > 0 }
      },
      'any',
    )
  }

  async #count(userId: UserId, row: BackupVersionRow, { room, session }: BackupPlace): Promise<number> {
    if (room === undefined) return row.keys
    if (session === undefined) return countBackupKeysOfRoom(this.#db, userId, row.version, room)
    return isName(session) ? (await backupKeysNamed(this.#db, userId, row.version, [room], [session])).length : 0
  }

  /** Change the sessions of a version, again if another device of the user did meanwhile. */
  async #change(
    userId: UserId,
    version: string,
    plan: (row: BackupVersionRow) => Promise<{ rows: readonly Rows[]; steps: readonly Step[]; keys: number; changes: boolean }>,
    which: 'current' | 'any' = 'current',
  ): Promise<BackupCount> {
    for (let tries = 0; tries < backupTriesMax; tries++) {
      const row = await this.#mustFind(userId, version)
      if (which === 'current') await this.#mustBeCurrent(userId, row)
      const { rows, steps, keys, changes } = await plan(row)
      if (!changes) return { count: row.keys, etag: String(row.etag) }
      const outcome = await this.#db.commit({ steps: [{ query: moveBackup(userId, row, keys), expect: 1 }, ...steps], rows })
      if (outcome.committed) return { count: keys, etag: String(row.etag + 1) }
    }
    throw again()
  }

  async #mustBeCurrent(userId: UserId, row: BackupVersionRow): Promise<void> {
    const current = await currentBackup(this.#db, userId)
    if (current === undefined || current.version === row.version) return
    throw new MatrixError('M_WRONG_ROOM_KEYS_VERSION', 'this is not the current backup', {
      extra: { current_version: String(current.version) },
    })
  }

  async #mustFind(userId: UserId, version: string): Promise<BackupVersionRow> {
    const row = await this.#find(userId, version)
    if (row === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such backup')
    return row
  }

  #find(userId: UserId, version: string): Promise<BackupVersionRow | undefined> {
    return /^[1-9]\d{0,8}$/.test(version) ? findBackup(this.#db, userId, Number(version)) : Promise.resolve(undefined)
  }
}

function again(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'the backup was changed again and again meanwhile', { extra: { retry_after_ms: 1_000 } })
}
