import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startPostgres } from '../../../testkit/src/processes/postgres.ts'
import { realClock } from '../platform/clock.ts'
import { silentLogger } from '../platform/logger.ts'
import type { Database } from './database.ts'
import { openPostgresql, type ClusterParts } from './postgresql/open-postgresql.ts'
import { openSqlite } from './sqlite/open-sqlite.ts'

export const soon = (run: () => void): void => void setImmediate(run)

/** Where a database is, so that it can be opened again. */
export interface Place {
  open(): Promise<Database>
}

const places: Readonly<Record<string, (t: TestContext) => Promise<Place>>> = {
  SQLite: async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-storage-'))
    t.after(() => rmSync(folder, { recursive: true }))
    return { open: () => openSqlite({ path: join(folder, 'causeway.db'), soon }) }
  },
  PostgreSQL: async () => {
    const url = await (await startPostgres()).createDatabase()
    return { open: () => openProcess(url) }
  },
}

/** Run one test body on each database: what the port promises holds on both. */
export function onEachDatabase(name: string, body: (t: TestContext, place: Place) => Promise<void>): void {
  for (const [database, makePlace] of Object.entries(places)) {
    test(`${database}: ${name}`, async (t) => body(t, await makePlace(t)))
  }
}

/** The same with a new database that is open. */
export function onEachOpenDatabase(name: string, body: (db: Database) => Promise<void>): void {
  onEachDatabase(name, async (t, place) => {
    const db = await place.open()
    t.after(() => db.close())
    await body(db)
  })
}

/** One process's side of a PostgreSQL database; `home`: see `openPostgresql`. */
export function openProcess(url: string, processName = 'test', home = ''): Promise<Database & ClusterParts> {
  const internalAddress = `http://${processName}.invalid`
  return openPostgresql({ url, soon, clock: realClock, log: silentLogger, processName, internalAddress, home })
}
