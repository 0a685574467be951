// Goal: the embedded database commits units whole, in order, and keeps other processes out.
// Method: a real file, the real writer thread.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { insert } from '../table-write.ts'
import { In, sql } from '../sql.ts'
import { openSqlite } from './open-sqlite.ts'

const addFact = insert({ name: 'facts.add', table: 'facts', columns: { name: 'text', value: 'text' } })
const soon = (run: () => void) => void setImmediate(run)

test('units are whole: a refused or failing unit changes nothing and harms no neighbour', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'))
  const db = await openSqlite({ path: join(folder, 'a.db'), soon })
  const outcomes = await Promise.allSettled([
    db.commit({ rows: [{ write: addFact, rows: [['a', '1']] }] }),
    db.commit({
      rows: [
        {
          write: addFact,
          rows: [
            ['b', '1'],
            ['a', '2'],
          ],
        },
      ],
    }),
    db.commit({
      steps: [{ query: sql('t')`UPDATE facts SET value = ${'9'} WHERE name = ${'none'}`, expect: 1 }],
      rows: [{ write: addFact, rows: [['c', '1']] }],
    }),
    db.commit({ steps: [{ query: sql('t')`UPDATE facts SET value = ${'3'} WHERE name = ${'a'} RETURNING value`, expect: 1 }] }),
  ])
  assert.deepEqual(
    outcomes.map((o) => (o.status === 'fulfilled' ? o.value : 'failed')),
    [
      { committed: true, results: [] },
      'failed',
      { committed: false, refusedBy: 0 },
      { committed: true, results: [[{ value: '3' }]].map((rows) => rows.map((row) => ({ ...row }))) },
    ],
  )
  const rows = await db.all(sql<{ name: string; value: string }>('t')`SELECT name, value FROM facts WHERE name ${new In(['a', 'b', 'c'])}`)
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ name: 'a', value: '3' }],
  )
  await assert.rejects(openSqlite({ path: join(folder, 'a.db'), soon }), /in use by another process/)
  await db.close()
  await (await openSqlite({ path: join(folder, 'a.db'), soon })).close()
  rmSync(folder, { recursive: true })
})
