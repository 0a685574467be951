// Goal: the members of an encoded event are found where they are, whatever stands in them.
// Method: what the scanner finds in a text must be what the encoder noted while it wrote it; random events full of quotes and backslashes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from '../json/canonical-json.ts'
import { emptyObject } from '../json/plain-object.ts'
import { json } from './event.fixture.ts'
import { contentBounds, encodeEvent, joinMembers, memberJson, replaceMember, scanEvent } from './event-text.ts'

const awkward = fc.string({ unit: fc.constantFrom('"', '\\', '\\', ',', ':', '{', '}', '[', ']', 'a', '\n', '💬') })
const key = fc.oneof(awkward, fc.constantFrom('content', 'hashes', '__proto__', '1'))
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, 0, -1, 12, {}, [], '', '\\', '\\\\', '"', '\\"'),
    awkward,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
}))
const event = fc.dictionary(key, value, { maxKeys: 6 })

test('strings that end in backslashes end where they end', () => {
  const object = json({ a: '\\', b: '\\\\', c: ['\\"', '"'], 'k\\': '\\', content: { 'x\\': '\\' } })
  const text = encodeEvent(object)
  assert.equal(text.json, '{"a":"\\\\","b":"\\\\\\\\","c":["\\\\\\"","\\""],"content":{"x\\\\":"\\\\"},"k\\\\":"\\\\"}')
  assert.deepEqual(scanEvent(text.json), text)
  assert.equal(memberJson(text, 'k\\'), '"\\\\"')
  const { start, end } = contentBounds(text)
  assert.equal(text.json.slice(start, end), '{"x\\\\":"\\\\"}')
})

test('scanning finds what encoding noted', () => {
  fc.assert(
    fc.property(event, (plain) => {
      const object = json(plain)
      const text = encodeEvent(object)
      assert.equal(text.json, canonicalJson(object))
      assert.deepEqual(scanEvent(text.json), text)
      for (const member of text.members) {
        assert.equal(memberJson(text, member.key), canonicalJson(object[member.key] ?? null))
        const without = Object.assign(emptyObject(), object)
        delete without[member.key]
        assert.equal(`{${joinMembers(text, (name) => name !== member.key)}}`, canonicalJson(without))
      }
    }),
    { numRuns: 300 },
  )
})

test('replacing a member is encoding the changed event', () => {
  fc.assert(
    fc.property(event, value, (plain, replacement) => {
      const object = json(plain)
      const made = json({ made: replacement })['made'] ?? null
      const text = encodeEvent(object)
      for (const { key: name } of text.members) {
        const changed = Object.assign(emptyObject(), object)
        changed[name] = made
        assert.deepEqual(replaceMember(text, name, canonicalJson(made)), encodeEvent(changed))
      }
    }),
  )
})

test('unsigned is left out', () => {
  assert.equal(encodeEvent(json({ z: 1, unsigned: { age: 1 }, a: 2 })).json, '{"a":2,"z":1}')
})
