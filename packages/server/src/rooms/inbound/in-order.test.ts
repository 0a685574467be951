// Goal: events come after those that they follow, whatever a peer makes of the order.
// Method: small graphs of made-up events, among them a long chain, a cycle and a repetition.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parentsFirst } from './in-order.ts'

interface Thing {
  readonly name: string
  readonly parents: readonly string[]
}

/** The names in the order that `parentsFirst` gives. */
function ordered(things: readonly Thing[]): string[] {
  const ids = { id: (thing: Thing) => thing.name, parents: (thing: Thing) => thing.parents }
  return parentsFirst(things, ids.id, ids.parents).map(({ name }) => name)
}

const cases: readonly [title: string, things: readonly Thing[], expected: readonly string[]][] = [
  ['nothing', [], []],
  ['what follows comes later', [of('c', 'b'), of('b', 'a'), of('a')], ['a', 'b', 'c']],
  ['what is not among them is no obstacle', [of('b', 'elsewhere'), of('a')], ['b', 'a']],
  ['a fork and its merge', [of('d', 'b', 'c'), of('c', 'a'), of('b', 'a'), of('a')], ['a', 'b', 'c', 'd']],
  ['a cycle ends', [of('a', 'b'), of('b', 'a')], ['b', 'a']],
  ['one of several for the same event', [of('b', 'a'), of('a'), of('b', 'a')], ['a', 'b']],
]

function of(name: string, ...parents: string[]): Thing {
  return { name, parents }
}

for (const [title, things, expected] of cases) {
  test(title, () => assert.deepEqual(ordered(things), expected))
}

test('a chain of a hundred thousand costs no stack', () => {
  const chain = Array.from({ length: 100_000 }, (_, n) => of(`${n}`, `${n + 1}`))
  assert.equal(ordered(chain)[0], '99999')
})
