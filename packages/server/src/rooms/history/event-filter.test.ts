// Goal: filters let through what the specification says, and a malformed one is refused by name.
// Method: a table of filters against types and senders.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEventFilter, wantsKind, wantsAll } from './event-filter.ts'

const cases: readonly (readonly [why: string, filter: object, type: string, sender: string, wanted: boolean])[] = [
  ['everything', {}, 'a', '@x:y', true],
  ['a listed type', { types: ['a', 'b'] }, 'b', '@x:y', true],
  ['no listed type', { types: [] }, 'b', '@x:y', false],
  ['a wildcard at the end', { types: ['m.room.*'] }, 'm.room.message', '@x:y', true],
  ['a wildcard stands for nothing as well', { types: ['m.room*'] }, 'm.room', '@x:y', true],
  ['other characters are themselves', { types: ['m.room.*'] }, 'mxroom.message', '@x:y', false],
  ['wildcards in between', { types: ['m.**.x*z'] }, 'm.a.b.xyz', '@x:y', true],
  ['not_types wins', { types: ['a'], not_types: ['*'] }, 'a', '@x:y', false],
  ['a sender', { senders: ['@x:y'] }, 'a', '@x:y', true],
  ['another sender', { senders: ['@z:y'] }, 'a', '@x:y', false],
  ['not_senders wins', { senders: ['@x:y'], not_senders: ['@x:y'] }, 'a', '@x:y', false],
]

for (const [why, filter, type, sender, wanted] of cases) {
  test(why, () => assert.equal(wantsKind(parseEventFilter(filter, 'filter'), type, sender), wanted))
}

test('a pattern of many stars does not take long', () => {
  const filter = parseEventFilter({ types: [`${'*a'.repeat(20)}b`] }, 'filter')
  assert.equal(wantsKind(filter, 'a'.repeat(60), '@x:y'), false)
})

for (const filter of [
  [],
  { types: 'a' },
  { types: [1] },
  { limit: -1 },
  { limit: 1.5 },
  { contains_url: 'yes' },
  { senders: new Array(1_001).fill('@a:b') },
]) {
  test(`refused: ${JSON.stringify(filter).slice(0, 40)}`, () => assert.throws(() => parseEventFilter(filter, 'x'), { code: 'M_BAD_JSON' }))
}

test('the empty filter lets all through', () => assert.equal(wantsAll(parseEventFilter({}, 'x')), true))
