// Goal: totals grow by what an event notifies, and survive packing.
// Method: a few events in a row, read back class by class.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addCounts, movesIn, packCounts, rowsClass, totalOf, unpackCounts } from './notification-counts.ts'

test('totals grow, and an event that notifies nobody changes nothing', () => {
  const first = addCounts(undefined, { notified: [1, 300], rows: 0, inThread: false })
  const second = addCounts(first, { notified: [1], highlighted: [300], rows: 2, inThread: false })
  assert.equal(totalOf(second, 1), 2)
  assert.equal(totalOf(second, 300), 1)
  assert.equal(totalOf(second, 300, 'mainHighlights'), 1)
  assert.equal(totalOf(second, 7), 0)
  assert.equal(totalOf(second, rowsClass), 2)
  assert.equal(addCounts(second, { notified: [], rows: 0, inThread: false }), second)
  assert.equal(addCounts(undefined, { notified: [], rows: 0, inThread: true }), undefined)
})

test('threads are counted beside the main timeline', () => {
  const main = addCounts(undefined, { notified: [1], rows: 1, inThread: false })
  const both = addCounts(main, { notified: [1], highlighted: [1], rows: 2, inThread: true })
  assert.deepEqual([totalOf(both, 1), totalOf(both, 1, 'threads'), totalOf(both, 1, 'threadHighlights')], [1, 1, 1])
  assert.deepEqual([totalOf(both, rowsClass), totalOf(both, rowsClass, 'threads')], [1, 2])
})

test('packing keeps large totals', () => {
  const totals = [
    { classId: 1, kind: 'main', total: 5_000_000_000 },
    { classId: 2 ** 48 + 1, kind: 'threadHighlights', total: 0 },
  ] as const
  assert.deepEqual(unpackCounts(packCounts(totals)), totals)
})

test('totals of a class without users go, and users who change theirs are counted', () => {
  const both = addCounts(undefined, { notified: [1, 7], rows: 1, inThread: false })
  const without = addCounts(both, { notified: [1], rows: 0, inThread: false, moves: 2, classes: new Set([1, 9]) })
  assert.deepEqual([totalOf(without, 1), totalOf(without, 7), totalOf(without, rowsClass)], [2, 0, 1])
  assert.deepEqual([movesIn(both), movesIn(without)], [0, 2])
})
