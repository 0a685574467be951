import { utf8Length, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { Turns } from '../federation/turns.ts'
import type { Database, Rows, Step } from '../storage/database.ts'
import {
  backupKeysAfter,
  backupKeysNamed,
  backupKeysOfRoom,
  backupBytesOf,
  currentBackup,
  deleteBackupKey,
  deleteBackupKeys,
  deleteBackupKeysOfRoom,
  endBackup,
  findBackup,
  insertBackupVersion,
  isEndedBackup,
  lastBackupVersion,
  moveBackup,
  replaceAuthData,
  sizeOfBackedUpRoom,
  upsertBackupKey,
  type BackupKeyRow,
  type BackupVersionRow,
} from '../storage/tables/key-backups.ts'
import {
  backupAuthDataBytesMax,
  backupBytesMax,
  backupKeysMax,
  backupReadsMax,
  backupReadsWaitingMax,
  backupTriesMax,
  backupVersionsMax,
} from './limits.ts'
import { checkName, isName, jsonWithin, storedObject } from './names.ts'
import { isBetter, type BackupPlace, type SessionUpload } from './backup-sessions.ts'

/** What an action on sessions answers. */
export interface BackupCount {
  readonly count: number
  readonly etag: string
}

/** What becomes of a version. */
interface Plan {
  readonly rows: readonly Rows[]
  readonly steps: readonly Step[]
  readonly keys: number
  readonly bytes: number
  readonly changes: boolean
}

/** Sessions that are read at once. */
const pageSize = 500

/** Users' key backups (Client-Server API, "Server-side key backups"). */
export class KeyBackups {
  readonly #db: Database
  readonly #reads = new Turns(backupReadsMax, backupReadsWaitingMax)

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
        .commit({ rows: [{ write: insertBackupVersion, rows: [[userId, version, algorithm, json, 0, 0, 0, 0]] }] })
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

  /** Delete a version with its sessions; one that was deleted before stays so. Throws M_NOT_FOUND. */
  async remove(userId: UserId, version: string): Promise<void> {
    const row = await this.#find(userId, version)
    if (row === undefined) {
      if (isVersion(version) && (await isEndedBackup(this.#db, userId, Number(version))) !== undefined) return
      throw new MatrixError('M_NOT_FOUND', 'there is no such backup')
    }
    const [end, forget] = endBackup(userId, row.version)
    await this.#db.commit({ steps: [{ query: end, expect: 1 }, { query: forget }] })
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
      const more = better.reduce((sum, [name, each]) => sum + utf8Length(each.json) - utf8Length(known.get(name) ?? ''), 0)
      if (more > 0 && (await backupBytesOf(this.#db, userId)) + more > backupBytesMax) {
        throw new MatrixError('M_TOO_LARGE', `a user's backups have at most ${backupBytesMax} bytes: delete old ones`)
      }
      const rows = better.map(([, each]) => [userId, row.version, each.room, each.session, each.json])
      return {
        rows: rows.length === 0 ? [] : [{ write: upsertBackupKey, rows }],
        steps: [],
        keys: row.keys + added,
        bytes: row.bytes + more,
        changes: rows.length > 0,
      }
    })
  }

  /**
   * Sessions of a version, all or a room's, as `write` has their rows, which are in the order of rooms. They are much together: few are
   * read at a time. Throws M_NOT_FOUND for a version that is not there, M_LIMIT_EXCEEDED.
   */
  async read(userId: UserId, version: string, place: BackupPlace, write: (rows: readonly BackupKeyRow[]) => string): Promise<string> {
    const row = await this.#mustFind(userId, version)
    const text = await this.#reads.run(async () => write(await this.#readAll(userId, row, place)))
    if (text !== undefined) return text
    throw new MatrixError('M_LIMIT_EXCEEDED', 'many backups are being read', { extra: { retry_after_ms: 5_000 } })
  }

  async #readAll(userId: UserId, row: BackupVersionRow, { room }: BackupPlace): Promise<readonly BackupKeyRow[]> {
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
        const gone = await this.#size(userId, row, place)
        const query =
          place.room === undefined
            ? deleteBackupKeys(userId, row.version)
            : place.session === undefined
              ? deleteBackupKeysOfRoom(userId, row.version, place.room)
              : deleteBackupKey(userId, row.version, place.room, place.session)
        return { rows: [], steps: [{ query }], keys: row.keys - gone.keys, bytes: row.bytes - gone.bytes, changes: gone.keys > 0 }
      },
      'any',
    )
  }

  async #size(userId: UserId, row: BackupVersionRow, { room, session }: BackupPlace): Promise<{ keys: number; bytes: number }> {
    if (room === undefined) return { keys: row.keys, bytes: row.bytes }
    if (session === undefined) return sizeOfBackedUpRoom(this.#db, userId, row.version, room)
    const [one] = isName(session) ? await backupKeysNamed(this.#db, userId, row.version, [room], [session]) : []
    return one === undefined ? { keys: 0, bytes: 0 } : { keys: 1, bytes: utf8Length(one.json) }
  }

  /** Change the sessions of a version, again if another device of the user did meanwhile. */
  async #change(
    userId: UserId,
    version: string,
    plan: (row: BackupVersionRow) => Promise<Plan>,
    which: 'current' | 'any' = 'current',
  ): Promise<BackupCount> {
    for (let tries = 0; tries < backupTriesMax; tries++) {
      const row = await this.#mustFind(userId, version)
      if (which === 'current') await this.#mustBeCurrent(userId, row)
      const { rows, steps, keys, bytes, changes } = await plan(row)
      if (!changes) return { count: row.keys, etag: String(row.etag) }
      const outcome = await this.#db.commit({ steps: [{ query: moveBackup(userId, row, { keys, bytes }), expect: 1 }, ...steps], rows })
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
    return isVersion(version) ? findBackup(this.#db, userId, Number(version)) : Promise.resolve(undefined)
  }
}

/** Can this be the number of a version? */
function isVersion(text: string): boolean {
  return /^[1-9]\d{0,8}$/.test(text)
}

function again(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'the backup was changed again and again meanwhile', { extra: { retry_after_ms: 1_000 } })
}
