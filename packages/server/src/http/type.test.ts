// Goal: each schema passes what it describes, names the first fault of anything else, and gives the type that it checks.
// Method: a table of values; the types are stated and checked by the compiler.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type, type Schema, type Static } from './type.ts'

const whole = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 3 }),
  age: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })),
  tags: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 2 })),
  kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])),
  by: Type.Optional(Type.Record(Type.String(), Type.Object({ on: Type.Boolean() }))),
})

// The compiler's side: fails to compile where the type is not exactly this.
const typed: { name: string; age?: number; tags?: string[]; kind?: 'a' | 'b'; by?: Record<string, { on: boolean }> } = {
  name: 'x',
} satisfies Static<typeof whole>

const cases: [schema: Schema, value: unknown, fault: string][] = [
  [whole, typed, ''],
  [whole, { name: 'x', age: 9, tags: ['t'], kind: 'b', by: { k: { on: true } }, other: [1.5] }, ''],
  [whole, [], ' must be an object'],
  [whole, null, ' must be an object'],
  [whole, {}, 'name is missing'],
  [whole, { name: '' }, 'name must have at least 1 characters'],
  [whole, { name: 'long' }, 'name must have at most 3 characters'],
  [whole, { name: 'x', age: null }, 'age must be a whole number'],
  [whole, { name: 'x', age: 1.5 }, 'age must be a whole number'],
  [whole, { name: 'x', age: 2 ** 53 }, 'age must be a whole number'],
  [whole, { name: 'x', age: -1 }, 'age must be at least 0'],
  [whole, { name: 'x', age: 10 }, 'age must be at most 9'],
  [whole, { name: 'x', tags: {} }, 'tags must be a list'],
  [whole, { name: 'x', tags: [] }, 'tags must have at least 1 entries'],
  [whole, { name: 'x', tags: ['a', 'b', 'c'] }, 'tags must have at most 2 entries'],
  [whole, { name: 'x', tags: ['a', 1] }, 'tags.1 must be a string'],
  [whole, { name: 'x', kind: 'c' }, 'kind has none of the forms that it may have'],
  [whole, { name: 'x', by: { k: {} } }, 'by.k.on is missing'],
  [Type.Record(Type.String(), Type.Unknown()), JSON.parse('{"__proto__":{"a":1}}'), ''],
  [Type.Record(Type.String(), Type.Boolean()), JSON.parse('{"__proto__":{"a":1}}'), '__proto__ must be true or false'],
  [Type.Record(Type.String(), Type.Unknown()), 'x', ' must be an object'],
  [Type.Literal(3), 3, ''],
  [Type.Literal('3'), 3, ' must be "3"'],
  [Type.Null(), null, ''],
  [Type.Null(), 0, ' must be null'],
  [Type.Number(), 1.5, ''],
  [Type.Number(), '1', ' must be a number'],
]

test('each value passes, or its first fault is named', () => {
  for (const [schema, value, expected] of cases) {
    const found = schema.check(value, '')
    assert.equal(found === undefined ? '' : `${found.field} ${found.why}`, expected, JSON.stringify(value))
  }
})

test('a schema is JSON Schema too', () => {
  assert.deepEqual(Type.Object({ a: Type.String(), b: Type.Optional(Type.Array(Type.Integer())) }).json, {
    type: 'object',
    required: ['a'],
    properties: { a: { type: 'string' }, b: { type: 'array', items: { type: 'integer' } } },
  })
})
