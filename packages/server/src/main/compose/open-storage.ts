import type { Config } from '../../config/config.ts'
import type { Database } from '../../storage/database.ts'
import { claimFacts, type Facts } from '../../storage/facts.ts'
import type { ClusterParts } from '../../storage/postgresql/open-postgresql.ts'
import { openSqlite } from '../../storage/sqlite/open-sqlite.ts'
import type { Ownership } from '../../workers/ownership.ts'
import { soleOwner } from '../../workers/sole-owner.ts'
import type { Platform } from '../application.ts'

/** The database, what it knows about itself, and which of its rooms this process may write. */
export interface Storage {
  readonly db: Database
  readonly facts: Facts
  readonly ownership: Ownership
  /** What it takes to be one of several processes; absent on SQLite. */
  readonly cluster?: ClusterParts
}

/** What runs now, runs first: units that arrive together travel together. */
function soon(run: () => void): void {
  setImmediate(run)
}

/**
 * Open the database that the configuration names, make its tables if need be, and check that it is this server's. `home`: what only one
 * process has at a time (`processHome`); '' if that is not sure.
 */
export async function openStorage(config: Config, platform: Platform, home: string): Promise<Storage> {
  const { database } = config.server
  if (database.kind === 'postgres') return openShared(config, platform, database.url, home)
  const db = await openSqlite({ path: database.path, soon })
  return { db, facts: await factsOf(db, config, platform), ownership: soleOwner(soon) }
}

async function openShared(config: Config, platform: Platform, url: string, home: string): Promise<Storage> {
  // Loaded only where it is used: it costs a start on SQLite nothing.
  const { openPostgresql } = await import('../../storage/postgresql/open-postgresql.ts')
  const { internal } = config.listeners
  const db = await openPostgresql({
    url,
    soon,
    clock: platform.clock,
    log: platform.log,
    processName: `${config.server.name} ${platform.random.token(6)}`,
    home,
    internalAddress:
      internal === undefined
        ? ''
        : internal.scheme === 'unix'
          ? `unix:${internal.path}`
          : `${internal.scheme}://${internal.host}:${internal.port}`,
  })
  const facts = await factsOf(db, config, platform)
  return { db, facts, ownership: db.ownership, cluster: db }
}

/** What the database knows about itself; a database of another server is closed again. */
async function factsOf(db: Database, config: Config, platform: Platform): Promise<Facts> {
  try {
    return await claimFacts(db, { serverName: config.server.name, random: platform.random })
  } catch (error) {
    await db.close()
    throw error
  }
}
