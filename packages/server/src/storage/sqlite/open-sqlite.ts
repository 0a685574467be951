import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { compileCacheFolder } from '../../platform/compile-cache.ts'
import type { UnitOutcome } from '../commit-lane.ts'
import type { Database } from '../database.ts'
import { DatabaseUnusable } from '../database-unusable.ts'
import { migrations } from '../migrations/migrations.ts'
import { applyGroup, type StatementCache, type WireUnit } from './apply-group.ts'
import { openConnection, openWriter } from './open-connection.ts'
import { SqliteDatabase, type SqliteWriter } from './sqlite-database.ts'
import type { WriterReply, WriterRequest } from './writer-thread.ts'

interface Options {
  /** The file; it is created when absent. */
  readonly path: string
  readonly soon: (run: () => void) => void
}

/** Open the embedded database, bring its schema up to date and start its writer thread. Throws `DatabaseUnusable`. */
export async function openSqlite(options: Options): Promise<Database> {
  const unlock = lock(options.path)
  const position = prepare(openWriter(options.path))
  const writer = await startWriterThread(options.path)
  const reader = openConnection(options.path, { readOnly: true })
  return new SqliteDatabase({ reader, writer, soon: options.soon, position, unlock })
}

/** A database in memory, for `openSqliteInline`. It lives until it is closed. */
export function openMemory(): DatabaseSync {
  const db = openWriter(':memory:')
  prepare(db, { keepOpen: true })
  return db
}

/**
 * Work with a database on the caller's own thread: for simulation and for tools. A crash is simulated by dropping what this
 * gives: what was not committed is gone, and `connection` goes on. `atCommit` says when a group is written.
 */
export function openSqliteInline(connection: DatabaseSync, soon: (run: () => void) => void, atCommit = soon): Database {
  const position = lastPosition(connection)
  const statements: StatementCache = new Map()
  const writer: SqliteWriter = {
    write: (units, at) => new Promise((resolve) => atCommit(() => resolve(applyGroup(connection, statements, units, at)))),
    close: async () => {},
  }
  const reader = { prepare: (text: string) => connection.prepare(text), close: () => {} }
  return new SqliteDatabase({ reader, writer, soon, position, unlock: () => {} })
}

/** Hold a lock for as long as this process lives; the operating system lets go of it even after a kill. */
function lock(path: string): () => void {
  const holder = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    holder.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (error) {
    holder.close()
    throw new DatabaseUnusable(
      `the database ${path} is in use by another process: stop that one first, or give this one another data_dir (several processes need PostgreSQL)`,
      { cause: error },
    )
  }
  return () => holder.close()
}

/** Run outstanding migrations and give the last stream position. Closes `db` unless it is kept. */
function prepare(db: DatabaseSync, options: { readonly keepOpen?: boolean } = {}): number {
  const version = Number(Object.values(db.prepare('PRAGMA user_version').get() ?? {})[0] ?? 0)
  const newest = migrations.at(-1)?.version ?? 0
  if (version > newest + 1) {
    throw new DatabaseUnusable(`the database has schema ${version}, and this version knows ${newest} at most: install a newer version`)
  }
  for (const migration of migrations.filter((candidate) => candidate.version > version)) {
    db.exec('BEGIN IMMEDIATE')
    for (const statement of migration.statements) db.exec(statement)
    db.exec(`PRAGMA user_version = ${migration.version}; COMMIT`)
  }
  db.exec(
    "INSERT INTO slots (slot, epoch, position, process, address, expires_at) VALUES (0, 1, 0, '', '', 0) ON CONFLICT (slot) DO NOTHING",
  )
  const position = lastPosition(db)
  if (options.keepOpen !== true) db.close()
  return position
}

function lastPosition(db: DatabaseSync): number {
  return Number(db.prepare('SELECT position FROM slots WHERE slot = 0').get()?.['position'] ?? 0)
}

function startWriterThread(path: string): Promise<SqliteWriter> {
  const worker = new Worker(new URL('./writer-entry.mjs', import.meta.url), {
    workerData: { path, compileCache: compileCacheFolder() },
  })
  const waiting: { settle: (outcomes: readonly UnitOutcome[]) => void; fail: (error: Error) => void }[] = []
  let closed: () => void = () => {}
  worker.on('message', (reply: WriterReply) => {
    if (reply.kind === 'closed') return closed()
    const next = waiting.shift()
    if (reply.kind === 'outcomes') next?.settle(reply.outcomes)
    else next?.fail(new Error(reply.why))
  })
  let ended: Error | undefined
  const failAll = (error: Error): void => {
    ended = error
    for (const next of waiting.splice(0)) next.fail(error)
  }
  worker.on('exit', () => {
    failAll(new Error('the writer thread ended'))
    closed()
  })
  const send = (request: WriterRequest): void => worker.postMessage(request)
  return new Promise((resolve, reject) => {
    worker.once('error', (error: Error) => {
      failAll(error)
      reject(error)
    })
    worker.once('online', () =>
      resolve({
        write: (units: readonly WireUnit[], at: number) =>
          new Promise((settle, fail) => {
            if (ended !== undefined) return fail(ended)
            waiting.push({ settle, fail })
            send({ kind: 'group', units, position: at })
          }),
        close: () =>
          new Promise((done) => {
            if (ended !== undefined) return done()
            closed = done
            send({ kind: 'close' })
          }),
      }),
    )
  })
}
