// Goal: it is known by which class of push rules each event was judged for a user, however often they change their rules.
// Method: histories, and which stretches they make of a range.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../limits.ts'
import { ClassHistory } from './class-history.ts'

const rows = [
  { pos: 5, class_id: 70 },
  { pos: 9, class_id: 1 },
  { pos: 10, class_id: 80 },
]

test('a range falls into stretches of one class each', () => {
  const history = new ClassHistory(rows)
  const cases: readonly (readonly [after: number, upTo: number, expected: string])[] = [
    [0, 4, '1:0-4'],
    [0, 5, '1:0-4 70:4-5'],
    [4, 8, '70:4-8'],
    [3, 20, '1:3-4 70:4-8 1:8-9 80:9-20'],
    [9, 9, '80:9-9'],
    [12, 20, '80:12-20'],
    [12, 10, '80:12-10'],
  ]
  for (const [after, upTo, expected] of cases) {
    const told = history.stretches(after, upTo).map((stretch) => `${stretch.classId}:${stretch.after}-${stretch.upTo}`)
    assert.equal(told.join(' '), expected)
  }
  assert.deepEqual(
    [4, 5, 8, 9, 10].map((pos) => history.at(pos)),
    [1, 70, 70, 1, 80],
  )
})

test('before all that is kept, the oldest class that is known holds', () => {
  assert.equal(new ClassHistory([]).at(3), 1)
  const full = Array.from({ length: limits.pushClassChangesKept }, (_, index) => ({ pos: 100 + index, class_id: 7 + index }))
  assert.equal(new ClassHistory(full).at(3), 7)
})
