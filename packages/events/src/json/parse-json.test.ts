// Goal: the parser loses nothing, guesses nothing, and names the rule of every fault.
// Method: tables of texts, with JSON.parse as a second opinion where it is right.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson } from './canonical-json.ts'
import type { JsonRule } from './json-fault.ts'
import { isJsonObject, NumberLexeme, type JsonValue } from './json-value.ts'
import { parseJson } from './parse-json.ts'

function value(text: string | Uint8Array): JsonValue {
  const result = parseJson(text)
  assert.ok(result.ok, `${String(text)}: ${result.ok ? '' : result.fault.rule}`)
  return result.value
}

const faults: [text: string, rule: JsonRule][] = [
  ['', 'json.syntax'],
  [' ', 'json.syntax'],
  ['{', 'json.syntax'],
  ['{"a"', 'json.syntax'],
  ['{"a":', 'json.syntax'],
  ['{"a":1', 'json.syntax'],
  ['{"a":1,}', 'json.syntax'],
  ['{a:1}', 'json.syntax'],
  ["{'a':1}", 'json.syntax'],
  ['{"a" 1}', 'json.syntax'],
  ['{,}', 'json.syntax'],
  ['[1,]', 'json.syntax'],
  ['[1 2]', 'json.syntax'],
  ['[', 'json.syntax'],
  ['tru', 'json.syntax'],
  ['True', 'json.syntax'],
  ['NaN', 'json.syntax'],
  ['Infinity', 'json.syntax'],
  ['undefined', 'json.syntax'],
  ['// x\n1', 'json.syntax'],
  ['"a', 'json.syntax'],
  ['"a\\', 'json.syntax'],
  ['"a\\"', 'json.syntax'],
  ['\u00a01', 'json.syntax'],
  ['1 2', 'json.trailing'],
  ['{}}', 'json.trailing'],
  ['nullx', 'json.trailing'],
  ['01', 'json.number'],
  ['-01', 'json.number'],
  ['-', 'json.number'],
  ['-a', 'json.number'],
  ['1.', 'json.number'],
  ['1.e1', 'json.number'],
  ['1e', 'json.number'],
  ['1e+', 'json.number'],
  ['1.2.3', 'json.number'],
  ['1e2.5', 'json.number'],
  ['+1', 'json.syntax'],
  ['.5', 'json.syntax'],
  ['0x10', 'json.trailing'],
  ['"\t"', 'json.control_character'],
  ['"\0"', 'json.control_character'],
  ['"\\n\n"', 'json.control_character'],
  ['{"a\u001f":1}', 'json.control_character'],
  ['"\\x41"', 'json.escape'],
  ['"\\u12"', 'json.escape'],
  ['"\\u12G4"', 'json.escape'],
  ['"\\U0041"', 'json.escape'],
  ['"\\u+123"', 'json.escape'],
  ['"\\ud800"', 'json.surrogate'],
  ['"\\udc00\\ud800"', 'json.surrogate'],
  ['{"\\ud800":1}', 'json.surrogate'],
  ['"\ud800"', 'json.surrogate'],
  ['{"a":1,"a":1}', 'json.duplicate_key'],
  ['{"a":1,"\\u0061":2}', 'json.duplicate_key'],
  ['{"__proto__":1,"__proto__":1}', 'json.duplicate_key'],
  ['[{"x":{"constructor":1,"constructor":2}}]', 'json.duplicate_key'],
  ['\ufeff{}', 'json.bom'],
]

test('faults name their rule', () => {
  for (const [text, rule] of faults) {
    const result = parseJson(text)
    assert.equal(result.ok ? 'parsed' : result.fault.rule, rule, JSON.stringify(text))
  }
})

test('faults say where', () => {
  const result = parseJson('{"a":1,"b":2,"a":3}')
  assert.deepEqual(result, { ok: false, fault: { rule: 'json.duplicate_key', why: 'an object has a key twice', at: 13 } })
})

test('bytes must be UTF-8, without a byte order mark', () => {
  const cases: [bytes: number[], rule: JsonRule][] = [
    [[0x22, 0xff, 0x22], 'json.utf8'],
    [[0x22, 0xc0, 0xaf, 0x22], 'json.utf8'],
    [[0x22, 0xed, 0xa0, 0x80, 0x22], 'json.utf8'],
    [[0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 'json.utf8'],
    [[0x22, 0xe2, 0x82], 'json.utf8'],
    [[0xef, 0xbb, 0xbf, 0x31], 'json.bom'],
  ]
  for (const [bytes, rule] of cases) {
    const result = parseJson(Uint8Array.from(bytes))
    assert.equal(result.ok ? 'parsed' : result.fault.rule, rule)
  }
  assert.equal(value(new TextEncoder().encode('"日本💬"')), '日本💬')
})

test('what is good is what JSON.parse says', () => {
  const texts = [
    '{}',
    '[]',
    ' [ 1 , -2 , { "a" : [ ] } , "x" , true , false , null ] \r\n\t',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83d\\ude00\\u0000"',
    '"\u007f\u2028\ufeff"',
    '"\\\\"',
    '"\\\\\\""',
    '0',
    '123456789012345',
    '9007199254740991',
    '-9007199254740991',
    '{"":{"":""}}',
    '{"10":1,"9":2,"-1":3}',
  ]
  for (const text of texts) assert.equal(JSON.stringify(value(text)), JSON.stringify(JSON.parse(text)), text)
})

test('numbers that would not survive keep their spelling', () => {
  const odd = [
    '1.0',
    '1e2',
    '1E+2',
    '-0',
    '-0.0',
    '0.1',
    '9007199254740992',
    '-9007199254740992',
    '123456789012345678901234567890',
    '1e400',
  ]
  for (const lexeme of odd) {
    const parsed = value(`[${lexeme}]`)
    assert.ok(Array.isArray(parsed) && parsed[0] instanceof NumberLexeme)
    assert.equal(parsed[0].lexeme, lexeme)
    assert.equal(canonicalJson(parsed), `[${lexeme}]`)
  }
})

test('objects have no prototype, and every name is only a key', () => {
  const parsed = value('{"__proto__":{"polluted":true},"constructor":1,"toString":2,"hasOwnProperty":3}')
  assert.ok(isJsonObject(parsed))
  assert.equal(Object.getPrototypeOf(parsed), null)
  assert.deepEqual(Object.keys(parsed), ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
  assert.equal(canonicalJson(parsed['__proto__'] ?? null), '{"polluted":true}')
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  const empty = value('{}')
  assert.ok(isJsonObject(empty))
  assert.equal(empty['toString'], undefined)
})

test('limits', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
  assert.ok(parseJson(nested(128)).ok)
  const tooDeep = parseJson(nested(129))
  assert.equal(tooDeep.ok ? '' : tooDeep.fault.rule, 'json.depth')
  // Far beyond what a stack could hold.
  const farTooDeep = parseJson('{"a":'.repeat(500_000))
  assert.equal(farTooDeep.ok ? '' : farTooDeep.fault.rule, 'json.depth')
  assert.ok(parseJson('[[],[]]', { depthMax: 2 }).ok)
  assert.ok(!parseJson('[[[]]]', { depthMax: 2 }).ok)

  assert.ok(parseJson('"é"', { bytesMax: 4 }).ok)
  for (const text of ['"éé"', new TextEncoder().encode('"éé"')]) {
    const tooLarge = parseJson(text, { bytesMax: 5 })
    assert.equal(tooLarge.ok ? '' : tooLarge.fault.rule, 'json.size')
  }
})
