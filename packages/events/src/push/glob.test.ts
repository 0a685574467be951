// Goal: globs match what the spec says, as a whole and at word boundaries, without cases, and no text makes them slow.
// Method: the spec's own examples and their neighbours as tables; random short ones against a search that tries everything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PUSH_PATTERN_CHARS_MAX } from '../limits.ts'
import { foldedCodePoints, isWordBoundary } from './fold.ts'
import { Glob } from './glob.ts'
import { parsePropertyPath } from './property-path.ts'

const whole: [pattern: string, text: string, matches: boolean][] = [
  ['lunc?*', 'Lunch plans', true],
  ['lunc?*', 'LUNCH', true],
  ['lunc?*', ' lunch', false],
  ['lunc?*', 'lunc', false],
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['**', '', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*c', 'axbxbxc', true],
  ['a*b*c', 'axcxb', false],
  ['?', '\u{1f600}', true],
  ['??', '\u{1f600}', false],
  ['m.room.message', 'm.room.message', true],
  ['m.room.message', 'mxroomxmessage', false],
  ['ΟΔΟΣ', 'οδος', true],
  ['a\\*', 'a*', false],
]

const words: [pattern: string, text: string, matches: boolean][] = [
  ['ex*ple', 'An example event.', true],
  ['ex*ple', 'exple', true],
  ['ex*ple', 'An exciting triple-whammy', true],
  ['ex*ple', 'An exciting triplet', false],
  ['cake', 'cakes', false],
  ['cake', 'A CAKE!', true],
  ['cake', 'cup_cake', false],
  ['cake', 'cupcake', false],
  ['cake', 'écakeé', true],
  ['cake', '', false],
  ['@room', 'hi @room', true],
  ['@room', '@roomy', false],
  ['', 'any', true],
  ['*cake', 'any cake', true],
  ['cake*', 'any cakes', true],
  ['c?ke', 'a coke', true],
  ['c?ke', 'a ckke', true],
  ['bob b', 'hi Bob B.', true],
  ['aab', 'aaab aab', true],
]

for (const [pattern, text, matches] of whole) {
  test(`whole: ${JSON.stringify(pattern)} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
    assert.equal(Glob.parse(pattern).matchesWhole(foldedCodePoints(text)), matches)
  })
}

for (const [pattern, text, matches] of words) {
  test(`words: ${JSON.stringify(pattern)} ${matches ? 'matches' : 'does not match'} in ${JSON.stringify(text)}`, () => {
    assert.equal(Glob.parse(pattern).matchesWords(foldedCodePoints(text)), matches)
  })
}

/** Tries every way, by the definition. */
function matchesSlowly(pattern: string, text: string): boolean {
  const [head, rest] = [pattern.charAt(0), pattern.slice(1)]
  if (head === '') return text === ''
  if (head === '*') return matchesSlowly(rest, text) || (text !== '' && matchesSlowly(pattern, text.slice(1)))
  return text !== '' && (head === '?' || head === text.charAt(0)) && matchesSlowly(rest, text.slice(1))
}

test('globs agree with a search that tries everything', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '?', '*'), maxLength: 7 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 9 })
  fc.assert(
    fc.property(pattern, text, (glob, value) => {
      const points = foldedCodePoints(value)
      assert.equal(Glob.parse(glob).matchesWhole(points), matchesSlowly(glob, value))
      const slow = [...Array(value.length + 1).keys()].some((start) =>
        [...Array(value.length + 1 - start).keys()].some(
          (length) =>
            isWordBoundary(points, start) &&
            isWordBoundary(points, start + length) &&
            matchesSlowly(glob, value.slice(start, start + length)),
        ),
      )
      assert.equal(Glob.parse(glob).matchesWords(points), slow)
    }),
    { numRuns: 3000 },
  )
})

test('patterns longer than a machine word', () => {
  const long = 'abcdefghij'.repeat(10)
  assert.equal(Glob.parse(`${long}?*x`).matchesWhole(foldedCodePoints(`${long}-yyyx`)), true)
  assert.equal(Glob.parse(long).matchesWords(foldedCodePoints(`x ${long} y`)), true)
  assert.equal(Glob.parse(long).matchesWords(foldedCodePoints(`x ${long.slice(1)} y`)), false)
  assert.equal(Glob.parse('a'.repeat(PUSH_PATTERN_CHARS_MAX)).matchesWhole(foldedCodePoints('a'.repeat(PUSH_PATTERN_CHARS_MAX))), true)
  assert.equal(
    Glob.parse('a'.repeat(PUSH_PATTERN_CHARS_MAX + 1)).matchesWhole(foldedCodePoints('a'.repeat(PUSH_PATTERN_CHARS_MAX + 1))),
    false,
  )
})

test('the worst pattern on the longest body ends', () => {
  const pattern = `${'a'.repeat(500)}?${'*a'.repeat(250)}b`
  assert.equal(Glob.parse(pattern).matchesWords(foldedCodePoints('a'.repeat(65_000))), false)
})

const paths: [path: string, names: string[]][] = [
  ['content.body', ['content', 'body']],
  ['content.m\\.relates_to', ['content', 'm.relates_to']],
  ['content.m\\\\foo', ['content', 'm\\foo']],
  ['content.\\x', ['content', '\\x']],
  ['', ['']],
  ['a..b', ['a', '', 'b']],
  ['a\\', ['a\\']],
]

for (const [path, names] of paths) {
  test(`path: ${path}`, () => assert.deepEqual(parsePropertyPath(path), names))
}
