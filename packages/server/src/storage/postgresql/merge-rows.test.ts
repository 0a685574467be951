// Goal: rows of many units become few statements that write the same.
// Method: look at the statements; that they write the same is tested on both databases in storage/database.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rows } from '../database.ts'
import { insert, insertNew, remove, update, upsert, type TableWrite } from '../table-write.ts'
import { MergedRows } from './merge-rows.ts'
import { BadValue } from './values.ts'
import { shapeOf } from './write-shape.ts'

const columns = { k: 'int', v: 'text' } as const
const add = insert({ name: 't.add', table: 't', columns })
const addNew = insertNew({ name: 't.addNew', table: 't', key: ['k'], columns })
const put = upsert({ name: 't.put', table: 't', key: ['k'], columns })
const putIf = upsert({ name: 't.putIf', table: 't', key: ['k'], columns, where: 'excluded.v > t.v' })
const change = update({ name: 't.change', table: 't', key: ['k'], columns })
const drop = remove({ name: 't.drop', table: 't', columns: { k: 'int' } })
const other = insert({ name: 'o.add', table: 'o', columns: { k: 'int', b: 'bytes' } })

const one = (write: TableWrite, ...row: (string | number | Uint8Array | null)[]): Rows => ({ write, rows: [row] })

const shapes: readonly [write: TableWrite, shape: object][] = [
  [add, { table: 't', key: undefined, lastWins: false }],
  [addNew, { table: 't', key: undefined, lastWins: false }],
  [put, { table: 't', key: [0], lastWins: true }],
  [putIf, { table: 't', key: [0], lastWins: false }],
  [change, { table: 't', key: [0], lastWins: true }],
  [drop, { table: 't', key: undefined, lastWins: false }],
]
for (const [write, shape] of shapes) test(`the shape of ${write.name}`, () => assert.deepEqual(shapeOf(write), shape))

const cases: readonly [name: string, rows: Rows[], statements: [write: TableWrite, ...values: string[]][]][] = [
  [
    'rows of one write share a statement, tables in the order in which they were named',
    [one(add, 1, 'a'), one(other, 1, new Uint8Array([255])), one(add, 2, null), one(other, 2, null)],
    [
      [add, '{1,2}', '{"a",NULL}'],
      [other, '{1,2}', String.raw`{"\\xff",NULL}`],
    ],
  ],
  [
    'writes of one table stay in their order',
    [one(add, 1, 'a'), one(drop, 1), one(add, 1, 'b'), one(add, 2, 'c')],
    [
      [add, '{1}', '{"a"}'],
      [drop, '{1}'],
      [add, '{1,2}', '{"b","c"}'],
    ],
  ],
  [
    'of two rows with one key the later one is written',
    [one(put, 1, 'a'), one(put, 2, 'b'), one(put, 1, 'c')],
    [[put, '{1,2}', '{"c","b"}']],
  ],
  [
    'unless the one in the table decides',
    [one(putIf, 1, 'a'), one(putIf, 1, 'b'), one(putIf, 2, 'c')],
    [
      [putIf, '{1}', '{"a"}'],
      [putIf, '{1,2}', '{"b","c"}'],
    ],
  ],
]
for (const [name, rows, statements] of cases) {
  test(name, () => {
    const merged = new MergedRows()
    for (const row of rows) merged.add([row])
    assert.deepEqual(
      merged.take(),
      statements.map(([write, ...values]) => ({ text: write.postgresql, values })),
    )
    assert.deepEqual(merged.take(), [])
  })
}

test('a row that does not fit its columns is told apart from what the database refuses', () => {
  for (const row of [one(add, 1), one(add, 'x', 'y'), one(add, 1, new Uint8Array(1)), one(other, 1, 'text')]) {
    const merged = new MergedRows()
    assert.throws(() => {
      merged.add([row])
      merged.take()
    }, BadValue)
  }
})
