// Goal: whatever a process commits for readers can be found by other processes, by slot and position, without a scan.
// Method: compare the list of stream tables with the columns and indexes of the real schema.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newCluster } from './cluster.fixture.ts'
import { migrate } from './schema.ts'
import { streamTables, touchedStatement } from './stream-tables.ts'

/** Positions that no reader waits for: the slots' own, and what senders remember or send. */
const notForReaders = new Set(['slots', 'sender_positions', 'outbound_edus', 'room_moves'])

test('every table with a stream position is followed, by an index', async (t) => {
  const { sql } = await newCluster(t)
  await migrate(sql)
  const { rows } = await sql.send(
    `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND column_name IN ('slot', 'position')
     GROUP BY table_name HAVING count(*) = 2 ORDER BY table_name`,
  )
  const positioned = rows.map(({ name }) => String(name)).filter((name) => !notForReaders.has(name))
  assert.deepEqual(streamTables.map(({ table }) => table).sort(), positioned)

  await sql.send('SET enable_seqscan = off')
  for (const table of streamTables) {
    const text = touchedStatement([table], 1).replace('$1', '1').replace('$2', '5').replace('$3', '9')
    const plan = (await sql.send(`EXPLAIN ${text}`)).rows.map((row) => String(Object.values(row)[0])).join('\n')
    assert.match(plan, new RegExp(`Index Cond: \\(\\(slot = 1\\) AND \\("?position"? > 5\\)`), `${table.table}\n${plan}`)
  }
})
