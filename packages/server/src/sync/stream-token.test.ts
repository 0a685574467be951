// Goal: tokens say what was put into them, and nothing else is taken for one.
// Method: there and back; then damaged and foreign texts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamTokens } from './stream-token.ts'

const tokens = new StreamTokens(3)
const point = {
  positions: new Map([
    [0, 72_594],
    [31, 2 ** 52],
  ]),
  typing: 1_795_000_000_000,
}

test('there and back', () => {
  assert.deepEqual(tokens.parse(tokens.stream(point)), { kind: 'stream', point })
  for (const place of [
    { depth: 12, pos: 34 },
    { depth: 2 ** 40, pos: -7 },
    { depth: 5, pos: 3, below: 17 },
  ]) {
    assert.deepEqual(tokens.parse(tokens.place(place)), { kind: 'place', place })
  }
})

test('a token of another epoch is known as one', () => {
  assert.deepEqual(new StreamTokens(4).parse(tokens.stream(point)), { kind: 'outdated' })
})

for (const text of [
  '',
  's1',
  's1_3',
  's1_3_x y',
  's1_3_1_0',
  's1_3_1_0.1.2',
  's1_3_1_0.',
  'p1_3_1',
  'p1_3_1_2_3_4',
  'p1_3_1_2_',
  'p2_3_1_2',
  's1_3_1' + '_0.1'.repeat(40),
  `s1_3_${'z'.repeat(12)}`,
]) {
  test(`not a token: ${text.slice(0, 30)}`, () => assert.equal(tokens.parse(text), undefined))
}
