// Goal: items come out by their times, whatever the order in which they went in.
// Method: random times, compared with a sorted list.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DueTimes } from './due-times.ts'

test('items fall due in the order of their times', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 50 })), fc.nat({ max: 60 }), (times, now) => {
      const due = new DueTimes<string>()
      for (const [index, at] of times.entries()) due.add(at, String(index))
      const taken: number[] = []
      for (let next = due.takeDue(now); next !== undefined; next = due.takeDue(now)) taken.push(next.at)
      const sorted = times.toSorted((a, b) => a - b)
      assert.deepEqual(
        taken,
        sorted.filter((at) => at <= now),
      )
      assert.equal(
        due.earliest,
        sorted.find((at) => at > now),
      )
    }),
  )
})
