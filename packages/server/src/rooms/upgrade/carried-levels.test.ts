// Goal: whoever could do something in a room can do it in its successor, in the form that the new version takes.
// Method: a table of contents and pairs of versions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson, isJsonObject, parseJson, roomRules, type RoomRules } from '@causeway/events'
import { carriedLevels } from './carried-levels.ts'

const [alice, bob, carol] = ['@alice:a', '@bob:a', '@carol:b'] as const

function rules(version: string): RoomRules {
  const found = roomRules(version)
  assert.ok(found !== undefined)
  return found
}

/** What is carried, as JSON; creators of both rooms: alice of the old one, bob of the new one. */
function carried(content: string, from: string, to: string): string {
  const parsed = parseJson(content)
  assert.ok(parsed.ok && isJsonObject(parsed.value))
  return canonicalJson(carriedLevels(parsed.value, rules(from), rules(to), { old: [alice], new: [bob] }))
}

const cases: readonly (readonly [what: string, from: string, to: string, content: string, wanted: string])[] = [
  ['the same', '10', '11', `{"ban":60,"users":{"${alice}":100}}`, `{"ban":60,"users":{"${alice}":100}}`],
  ['text of digits', '9', '10', `{"ban":" 60 ","users":{"${alice}":"+100"}}`, `{"ban":60,"users":{"${alice}":100}}`],
  ['fractions', '5', '10', `{"kick":49.9,"events":{"x":1e1},"users":{}}`, `{"events":{"x":10},"kick":49,"users":{}}`],
  ['what is no level', '9', '10', `{"ban":"high","invite":null,"users":{"${alice}":[],"nobody":5},"events":7}`, `{"users":{}}`],
  ['keys of others', '10', '11', `{"org.x":{"a":1},"users":{}}`, `{"org.x":{"a":1},"users":{}}`],
  [
    'new creators stand above',
    '11',
    '12',
    `{"users":{"${alice}":100,"${bob}":100,"${carol}":50}}`,
    `{"users":{"${alice}":100,"${carol}":50}}`,
  ],
  ['among version 12', '12', '12', `{"users":{"${bob}":150}}`, `{"users":{}}`],
  ['back from above', '12', '11', `{"users":{"${carol}":50}}`, `{"users":{"${alice}":100,"${carol}":50}}`],
  [
    'back to where the highest is',
    '12',
    '11',
    `{"events":{"m.room.tombstone":150},"state_default":60,"users":{}}`,
    `{"events":{"m.room.tombstone":150},"state_default":60,"users":{"${alice}":150}}`,
  ],
  ['no users', '10', '11', '{}', '{"users":{}}'],
]

for (const [what, from, to, content, wanted] of cases) {
  test(`${what} (${from} to ${to})`, () => assert.equal(carried(content, from, to), wanted))
}
