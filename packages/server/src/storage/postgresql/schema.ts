import { DatabaseUnusable } from '../database-unusable.ts'
import { forPostgresql } from '../migrations/migration.ts'
import { migrations } from '../migrations/migrations.ts'
import type { Connection } from './connection.ts'
import { advisoryLocks, createShards } from './slot-table.ts'

/** The first version of the database server whose statements we use. */
const serverVersionMin = 130_000

/** Texts in the order of their code points: other orders put some of them elsewhere. */
const probes = [
  '',
  ' b',
  '-a',
  'A',
  'B',
  '[',
  '_',
  'a',
  'a b',
  'ab',
  'b',
  'z',
  '~',
  '\u{c4}',
  '\u{df}',
  '\u{e9}',
  '\u{e000}',
  '\u{fffd}',
  '\u{1f600}',
]

/**
 * Is this a database that we can use? Text must be UTF-8 and compared by code point, as SQLite does: whatever is sorted must
 * come in the same order from both. Throws `DatabaseUnusable`, which says how to make one.
 */
export async function checkDatabase(connection: Connection): Promise<void> {
  const { rows } = await connection.send(
    `SELECT current_setting('server_version_num')::int8 AS version, current_setting('server_encoding') AS encoding, datname AS name, datcollate AS collation
     FROM pg_database WHERE datname = current_database()`,
  )
  const { version, encoding, name, collation } = rows[0] ?? {}
  if (Number(version) < serverVersionMin) {
    throw new DatabaseUnusable(
      `PostgreSQL ${serverVersionMin / 10_000} or newer is needed, and this one is ${Math.floor(Number(version) / 10_000)}`,
    )
  }
  if (encoding !== 'UTF8' || !(await comparesByCodePoint(connection))) {
    throw new DatabaseUnusable(
      `the database ${name} has the encoding ${encoding} and the collation ${collation}, and must have UTF8 and C: ` +
        `create it with "createdb --locale=C --encoding=UTF8 --template=template0 ${name}"`,
    )
  }
}

async function comparesByCodePoint(connection: Connection): Promise<boolean> {
  const array = `{${probes.map((probe) => `"${probe}"`).join()}}`
  const { rows } = await connection.send('SELECT n FROM unnest($1::text[]) WITH ORDINALITY AS probe(text, n) ORDER BY text', [array])
  return rows.every((row, index) => row['n'] === index + 1)
}

/** Bring the schema up to date; processes that start together wait for the first. Throws `DatabaseUnusable` for a much newer one. */
export async function migrate(connection: Connection): Promise<void> {
  await connection.send(`SELECT pg_advisory_lock(${advisoryLocks.migration})`)
  try {
    await connection.send('CREATE TABLE IF NOT EXISTS schema_version (version bigint PRIMARY KEY)')
    const { rows } = await connection.send('SELECT max(version) AS version FROM schema_version')
    const version = Number(rows[0]?.['version'] ?? 0)
    const newest = migrations.at(-1)?.version ?? 0
    // Version N-1 of the server runs on N's schema, so that processes can be replaced one after the other.
    if (version > newest + 1) {
      throw new DatabaseUnusable(`the database has schema ${version}, and this version knows ${newest} at most: install a newer version`)
    }
    for (const migration of migrations.filter((candidate) => candidate.version > version)) {
      await connection.transaction(async () => {
        for (const statement of forPostgresql(migration)) await connection.send(statement)
        await connection.send('INSERT INTO schema_version (version) VALUES ($1)', [migration.version])
      })
    }
    await createShards(connection)
  } finally {
    if (connection.isOpen) await connection.send(`SELECT pg_advisory_unlock(${advisoryLocks.migration})`)
  }
}
