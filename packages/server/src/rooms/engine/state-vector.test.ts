// Goal: a state vector behaves like a map from key to event, shares what did not change, and tells differences exactly.
// Method: random operations against a Map.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { packEdges, packNumbers, unpackEdges, unpackNumbers } from './packed-numbers.ts'
import { StateVector } from './state-vector.ts'

const entries = fc.array(fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 1000 })), { maxLength: 60 })

function build(from: StateVector, list: readonly (readonly [number, number])[]): StateVector {
  return list.reduce((state, [key, event]) => state.with(key, event), from)
}

test('a state vector is a map', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const map = new Map(list)
      const state = build(StateVector.empty, list)
      for (const [key, event] of map) assert.equal(state.get(key), event)
      const expected = [...map].filter(([, event]) => event !== 0).toSorted(([a], [b]) => a - b)
      assert.deepEqual([...state.entries()], expected)
    }),
  )
})

test('entries from a number on', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 1000 }), (list, floor) => {
      const state = StateVector.of(list)
      assert.deepEqual(
        state.entriesFrom(floor),
        [...state.entries()].filter(([, event]) => event >= floor),
      )
    }),
  )
})

test('a state made at once is the one that is made step by step', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const state = StateVector.of(list)
      assert.deepEqual([...state.entries()], [...build(StateVector.empty, list).entries()])
      assert.deepEqual(state.differences(build(StateVector.empty, list)), [])
    }),
  )
})

test('differences are what two maps differ in, whatever their sizes', () => {
  fc.assert(
    fc.property(entries, entries, entries, (common, left, right) => {
      const base = build(StateVector.empty, common)
      const [a, b] = [build(base, left), build(base, right)]
      const keys = new Set([...a.entries(), ...b.entries()].map(([key]) => key))
      const expected = [...keys].filter((key) => a.get(key) !== b.get(key)).toSorted((x, y) => x - y)
      assert.deepEqual(
        a.differences(b),
        expected.map((key) => [key, a.get(key), b.get(key)]),
      )
    }),
  )
})

test('packed numbers come back', () => {
  fc.assert(fc.property(fc.array(fc.maxSafeNat()), (numbers) => assert.deepEqual(unpackNumbers(packNumbers(numbers)), numbers)))
  assert.deepEqual(unpackEdges(packEdges({ prev: [5, 0], auth: [1, 300, 70_000] })), { prev: [5, 0], auth: [1, 300, 70_000] })
})
