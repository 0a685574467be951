// Goal: canonical JSON as the appendices define it.
// Method: the published examples; keys and escapes at the edges; a reference encoder of another design over random values; random texts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from './canonical-json.ts'
import { fromPlain } from './from-plain.ts'
import { fitsDepth, hasOnlyStrictNumbers } from './json-checks.ts'
import { NumberLexeme, type JsonValue } from './json-value.ts'
import { parseJson } from './parse-json.ts'

function canonical(text: string): string {
  const result = parseJson(text)
  assert.ok(result.ok, text)
  return canonicalJson(result.value)
}

const published = [
  ['{}', '{}'],
  ['{\n    "one": 1,\n    "two": "Two"\n}', '{"one":1,"two":"Two"}'],
  ['{ "b": "2", "a": "1" }', '{"a":"1","b":"2"}'],
  ['{"b":"2","a":"1"}', '{"a":"1","b":"2"}'],
  [
    `{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe", "three_pids": [
      {"medium": "email", "address": "john.doe@example.org"}, {"medium": "msisdn", "address": "123456789"}]}}}`,
    '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"address":"john.doe@example.org",' +
      '"medium":"email"},{"address":"123456789","medium":"msisdn"}]},"success":true}}',
  ],
  ['{"a": "日本語"}', '{"a":"日本語"}'],
  ['{"本": 2, "日": 1}', '{"日":1,"本":2}'],
  ['{"a": "\\u65E5"}', '{"a":"日"}'],
  ['{"a": null}', '{"a":null}'],
] as const

test('the examples of the appendices', () => {
  for (const [text, expected] of published) assert.equal(canonical(text), expected)
})

test('keys are in the order of code points, not of UTF-16 units, nor of numbers', () => {
  assert.equal(canonical('{"\ue000":1,"💬":2,"\uffff":3,"a":4,"ab":5,"":6}'), '{"":6,"a":4,"ab":5,"\ue000":1,"\uffff":3,"💬":2}')
  assert.equal(canonical('{"2":1,"10":2,"1":3,"-1":4}'), '{"-1":4,"1":3,"10":2,"2":1}')
  const many = Array.from({ length: 100 }, (_, index) => `"k${99 - index}":0`)
  assert.equal(canonical(`{${many.join(',')}}`), `{${many.toSorted().join(',')}}`)
})

test('escapes are the shortest', () => {
  const all = Array.from({ length: 0x20 }, (_, unit) => `\\u${unit.toString(16).toUpperCase().padStart(4, '0')}`).join('')
  assert.equal(
    canonical(`"${all}\\u0022\\u005c\\/\\u007f\\u2028\\ud83d\\ude00"`),
    '"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014' +
      '\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f\\"\\\\/\u007f\u2028😀"',
  )
})

test('numbers beyond canonical JSON are kept as written, and told apart', () => {
  const cases = [
    ['{"a":-0,"b":1e10}', false],
    ['[[{"a":[1.0]}]]', false],
    ['9007199254740992', false],
    ['[1,{"a":-9007199254740991},null,"1.0",true]', true],
  ] as const
  for (const [text, strict] of cases) {
    const result = parseJson(text)
    assert.ok(result.ok)
    assert.equal(hasOnlyStrictNumbers(result.value), strict, text)
    assert.equal(canonicalJson(result.value), text)
  }
})

test('depth is counted in levels of arrays and objects', () => {
  const result = parseJson('{"a":[{"b":1}],"c":2}')
  assert.ok(result.ok)
  assert.ok(fitsDepth(result.value, 3))
  assert.ok(!fitsDepth(result.value, 2))
  assert.ok(fitsDepth('x', 0))
})

test('plain values become JSON values', () => {
  const made = fromPlain(JSON.parse('{"b":[1.5,-0,1e300,9007199254740993],"__proto__":{"x":null},"a":"é"}'))
  assert.ok(made !== undefined)
  assert.equal(canonicalJson(made), '{"__proto__":{"x":null},"a":"é","b":[1.5,-0,1e+300,9007199254740992]}')
  assert.equal(Object.getPrototypeOf(made), null)
  const cyclic: unknown[] = []
  cyclic.push(cyclic)
  const refused = [undefined, () => 1, 1n, Symbol('x'), Number.NaN, Infinity, ['\ud800'], { '\ud800': 1 }, { a: undefined }, cyclic]
  for (const plain of refused) assert.equal(fromPlain(plain), undefined)
  assert.ok(fromPlain([[]], 2) !== undefined)
  assert.equal(fromPlain([[[]]], 2), undefined)
})

// The reference: keys compared as lists of code points, escapes written out by hand.
function reference(value: JsonValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return `${value}`
  if (typeof value === 'string') return referenceString(value)
  if (value instanceof NumberLexeme) return value.lexeme
  if (Array.isArray(value)) return `[${value.map(reference).join(',')}]`
  const entries = Object.entries(value).map(([key, item]) => ({ points: Array.from(key, (c) => c.codePointAt(0) ?? 0), key, item }))
  entries.sort((a, b) => {
    const at = a.points.findIndex((point, index) => point !== b.points[index])
    if (at === -1) return a.points.length - b.points.length
    return (a.points[at] ?? -1) - (b.points[at] ?? -1)
  })
  return `{${entries.map(({ key, item }) => `${referenceString(key)}:${reference(item)}`).join(',')}}`
}

const short: Record<string, string> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '"': '\\"', '\\': '\\\\' }

function referenceString(text: string): string {
  const escaped = Array.from(text, (c) => short[c] ?? (c < ' ' ? `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}` : c))
  return `"${escaped.join('')}"`
}

const awkward = fc.constantFrom('a', '\n', '"', '\\', '\ud800\udc00', '\uffff', '\0', '𐀀')
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: awkward }))
const wellFormed = text.filter((candidate) => candidate.isWellFormed())
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    wellFormed,
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(wellFormed, fc.constantFrom('__proto__', 'constructor', '1', '02', '-')), tie('tree'), { maxKeys: 8 }),
  ),
}))

test('parse, then encode: the bytes of the reference encoder, and stable', () => {
  fc.assert(
    fc.property(tree, fc.constantFrom(undefined, 1, '\t'), (plain, indent) => {
      const parsed = parseJson(JSON.stringify(plain, undefined, indent))
      assert.ok(parsed.ok)
      const encoded = canonicalJson(parsed.value)
      assert.equal(encoded, reference(parsed.value))
      const converted = fromPlain(plain)
      assert.ok(converted !== undefined)
      assert.equal(canonicalJson(converted), encoded)
      const again = parseJson(Buffer.from(encoded))
      assert.ok(again.ok)
      assert.equal(canonicalJson(again.value), encoded)
    }),
    { numRuns: 300 },
  )
})

test('a mutated text is parsed or refused, never thrown at, and never more generously than JSON.parse', () => {
  const insert = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('"', '\\', '{', ',', '-', 'e'))
  const mutation = fc.record({ at: fc.nat(), cut: fc.nat({ max: 3 }), insert })
  fc.assert(
    fc.property(tree, fc.array(mutation, { maxLength: 3 }), (plain, mutations) => {
      let mutated = JSON.stringify(plain)
      for (const { at, cut, insert } of mutations) {
        const place = at % (mutated.length + 1)
        mutated = mutated.slice(0, place) + insert + mutated.slice(place + cut)
      }
      const result = parseJson(mutated)
      if (result.ok) assert.doesNotThrow(() => JSON.parse(mutated))
      else assert.ok(result.fault.why !== '')
    }),
    { numRuns: 500 },
  )
})
