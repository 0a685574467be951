// Goal: a database that is an older copy goes on with an epoch that no copy has had, without keys that may have been given away, with
// stream_ids beyond all that were told, and with every list of devices to be told or fetched again.
// Method: rows as they are before, the statement of the operator, and what is there then, on each database; also with another writer.
import assert from 'node:assert/strict'
import { parseServerName } from '@causeway/events'
import { realRandom } from '../platform/random.ts'
import type { Database } from './database.ts'
import { onEachOpenDatabase } from './databases.fixture.ts'
import { claimFacts } from './facts.ts'
import { noteRestoredBackup, otherWriters } from './restored-backup.ts'
import { sql, type Query } from './sql.ts'

const now = 1_800_000_000_000
const serverName = parseServerName('here.example')
assert(serverName !== undefined)
const own = { serverName, random: realRandom() }

const before: readonly Query<unknown>[] = [
  sql('test.users')`INSERT INTO users (user_id, created_at) VALUES ('@a:here.example', 1), ('@b:here.example', 1), ('@c:here.example', 1)`,
  sql('test.devices')`INSERT INTO devices (user_id, device_id, created_at)
    VALUES ('@a:here.example', 'A1', 1), ('@a:here.example', 'A2', 1), ('@b:here.example', 'B1', 1)`,
  sql('test.counters')`INSERT INTO device_list_counters (user_id, stream_id) VALUES ('@a:here.example', 7)`,
  sql('test.outbox')`INSERT INTO device_list_outbox (user_id, device_id, seq) VALUES ('@a:here.example', 'A1', 5)`,
  sql('test.keys')`INSERT INTO one_time_keys (user_id, device_id, algorithm, key_id, seq, epoch, json)
    VALUES ('@a:here.example', 'A1', 'x', 'k', 1, 1, '""'), ('@a:here.example', 'A1', 'x', 'l', 2, 1, '""')`,
  sql('test.fallback')`INSERT INTO fallback_keys (user_id, device_id, algorithm, key_id, json, used)
    VALUES ('@a:here.example', 'A1', 'x', 'f', '""', 0)`,
  sql('test.lists')`INSERT INTO remote_device_lists (user_id, stream_id, stale, positions) VALUES ('@far:there', 3, 0, '{}')`,
]

onEachOpenDatabase('a backup that was put back is made fit to go on', async (db) => {
  const facts = await claimFacts(db, own)
  await db.commit({ steps: before.map((query) => ({ query })) })
  const done = await noteRestoredBackup(db, facts, now)
  assert.deepEqual(done, { epoch: now / 1_000, oneTimeKeys: 2, users: 2, remoteLists: 1 })
  assert.equal((await claimFacts(db, own)).storeEpoch, now / 1_000)
  // Of three copies of one backup each has an epoch of its own, and nothing is told with a stream_id of an earlier one.
  assert.equal((await noteRestoredBackup(db, facts, now + 5_000)).epoch, now / 1_000 + 5)
  assert.equal((await noteRestoredBackup(db, { ...facts, storeEpoch: 2 ** 40 }, now)).epoch, 2 ** 40 + 1)
  assert.deepEqual(await rows(db, sql('test.counts')`SELECT user_id, stream_id FROM device_list_counters ORDER BY user_id`), [
    { user_id: '@a:here.example', stream_id: now + 5_000 },
    { user_id: '@b:here.example', stream_id: now + 5_000 },
    { user_id: '@c:here.example', stream_id: now + 5_000 },
  ])
  assert.deepEqual(await rows(db, sql('test.told')`SELECT user_id, device_id FROM device_list_outbox ORDER BY user_id, device_id`), [
    { user_id: '@a:here.example', device_id: 'A1' },
    { user_id: '@b:here.example', device_id: 'B1' },
  ])
  assert.deepEqual(await rows(db, sql('test.left')`SELECT key_id FROM one_time_keys`), [])
  assert.deepEqual(await rows(db, sql('test.used')`SELECT used FROM fallback_keys`), [{ used: 1 }])
  assert.deepEqual(await rows(db, sql('test.stale')`SELECT stale FROM remote_device_lists`), [{ stale: 1 }])
})

onEachOpenDatabase('who else writes is told by the leases', async (db) => {
  assert.deepEqual(await otherWriters(db, now), [])
  const lease = (slot: number, process: string, until: number) => sql('test.lease')`
    INSERT INTO slots (slot, epoch, position, process, address, expires_at) VALUES (${slot}, 1, 0, ${process}, '', ${until})`
  await db.commit({ steps: [{ query: lease(db.slot + 1, 'gone', now) }, { query: lease(db.slot + 2, 'busy', now + 1) }] })
  assert.deepEqual(await otherWriters(db, now), ['busy'])
})

async function rows(db: Database, query: Query<unknown>): Promise<object[]> {
  return (await db.all(query)).map((row) => Object.assign({}, row))
}
