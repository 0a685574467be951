// Goal: totals grow by what an event notifies, and survive packing.
// Method: a few events in a row, read back class by class.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addCounts, packCounts, rowsClass, totalOf, unpackCounts } from './notification-counts.ts'

test('totals grow, and an event that notifies nobody changes nothing', () => {
  const first = addCounts(undefined, [1, 300], 0)
  const second = addCounts(first, [1], 2)
  assert.equal(totalOf(second, 1), 2)
  assert.equal(totalOf(second, 300), 1)
  assert.equal(totalOf(second, 7), 0)
  assert.equal(totalOf(second, rowsClass), 2)
  assert.equal(addCounts(second, [], 0), second)
  assert.equal(addCounts(undefined, [], 0), undefined)
})

test('packing keeps large totals', () => {
  const totals = [
    [1, 5_000_000_000],
    [2, 0],
  ] as const
  assert.deepEqual(unpackCounts(packCounts(totals)), totals)
})
