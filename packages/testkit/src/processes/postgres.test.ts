// Goal: the PostgreSQL that the tests stand on is real, separate per database, and keeps commits over a crash.
// Method: start clusters from the npm package, write through SQL, break them, look again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'postgres'
import { startOwnPostgres, startPostgres } from './postgres.ts'

test('the shared cluster is one, with a new database on each request', async () => {
  const cluster = await startPostgres()
  assert.equal((await startPostgres()).url, cluster.url)
  const [first, second] = await Promise.all([cluster.createDatabase(), cluster.createDatabase()])
  assert.notEqual(first, second)
  const session = sql(first)
  const [row] = await session`SELECT current_setting('server_encoding') AS encoding, datcollate AS locale, current_setting('fsync') AS fsync
    FROM pg_database WHERE datname = current_database()`
  await session.end()
  assert.deepEqual({ ...row }, { encoding: 'UTF8', locale: 'C', fsync: 'off' })
  await cluster.stop()
})

test('a cluster with fsync keeps what was committed before a crash', async () => {
  const cluster = await startOwnPostgres({ fsync: true })
  const before = sql(cluster.url, { onnotice: () => undefined })
  await before`CREATE TABLE kept (n integer)`
  await before`INSERT INTO kept VALUES (1)`
  await cluster.crash()
  await before.end({ timeout: 0 })
  await cluster.start()
  const after = sql(cluster.url)
  assert.deepEqual([...(await after`SELECT n FROM kept`)], [{ n: 1 }])
  await after.end()
  await cluster.stop()
})
