// Goal: receipt check 1 in every room version: what is accepted, and each rule that refuses.
// Method: a good event per version, changed in one place per case; random damage; the fast paths against the plain definitions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from '../json/canonical-json.ts'
import { isJsonObject, type JsonObject } from '../json/json-value.ts'
import { parseJson } from '../json/parse-json.ts'
import { supportedRoomVersions } from '../versions/room-rules.ts'
import { built, event, rulesOf, someEventId } from './event.fixture.ts'
import { checkContentHash, contentHash, referenceHash } from './event-hash.ts'
import { parsePdu } from './parse-pdu.ts'
import type { Pdu } from './pdu.ts'
import { pduFromStored } from './stored-pdu.ts'

/** The outcome for a good event with these top-level keys changed; `undefined` removes a key. Values are JSON texts. */
function outcome(version: string, change: Record<string, string | undefined>, historical = false): string {
  const result = parsePdu(changed(version, change), rulesOf(version), { historical })
  return result.ok ? 'ok' : result.refusal.rule
}

function changed(version: string, change: Record<string, string | undefined>): JsonObject {
  const parts: string[] = []
  const { object } = built(rulesOf(version))
  for (const [key, value] of Object.entries(object)) {
    if (!Object.hasOwn(change, key)) parts.push(`${JSON.stringify(key)}:${canonicalJson(value)}`)
  }
  for (const [key, text] of Object.entries(change)) if (text !== undefined) parts.push(`${JSON.stringify(key)}:${text}`)
  return parsed(`{${parts.join(',')}}`)
}

function parsed(text: string): JsonObject {
  const result = parseJson(text, { depthMax: 1000 })
  assert.ok(result.ok && isJsonObject(result.value), text)
  return result.value
}

const long = (bytes: number, prefix = '', suffix = ''): string =>
  JSON.stringify(prefix + 'x'.repeat(bytes - prefix.length - suffix.length) + suffix)
const hashes = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, index) => `$${String(index).padStart(43, 'E')}`))
const nested = (levels: number): string => `{"a":`.repeat(levels) + '1' + '}'.repeat(levels)

const cases: [version: string, change: Record<string, string | undefined>, outcome: string][] = [
  ['11', {}, 'ok'],
  ['11', { unsigned: '{"age":1.5}', x: '{"unknown":["keys","live"]}' }, 'ok'],
  ['11', { type: undefined }, 'pdu.type.type'],
  ['11', { type: '1' }, 'pdu.type.type'],
  ['11', { type: '""' }, 'ok'],
  ['11', { type: long(255) }, 'ok'],
  ['11', { type: long(256) }, 'pdu.type.size'],
  ['11', { type: JSON.stringify('é'.repeat(128)) }, 'pdu.type.size'],
  ['11', { state_key: '""' }, 'ok'],
  ['11', { state_key: 'null' }, 'pdu.state_key.type'],
  ['11', { state_key: JSON.stringify('é'.repeat(127)) }, 'ok'],
  ['11', { state_key: JSON.stringify('é'.repeat(128)) }, 'pdu.state_key.size'],
  ['10', { state_key: JSON.stringify('💥'.repeat(255)) }, 'ok'],
  ['10', { state_key: JSON.stringify('💥'.repeat(256)) }, 'pdu.state_key.size'],
  ['10', { type: JSON.stringify('x'.repeat(256)) }, 'pdu.type.size'],
  ['11', { sender: undefined }, 'pdu.sender.type'],
  ['11', { sender: '"u"' }, 'pdu.sender.grammar'],
  ['11', { sender: '"@:domain"' }, 'ok'],
  ['11', { sender: long(255, '@', ':domain') }, 'ok'],
  ['11', { sender: long(256, '@', ':domain') }, 'pdu.sender.size'],
  ['11', { room_id: undefined }, 'pdu.room_id.type'],
  ['11', { room_id: '"r"' }, 'pdu.room_id.grammar'],
  ['11', { room_id: long(256, '!', ':domain') }, 'pdu.room_id.size'],
  ['11', { room_id: `"!${'R'.repeat(43)}"` }, 'pdu.room_id.version'],
  ['12', { room_id: '"!r:domain"' }, 'pdu.room_id.version'],
  ['12', { room_id: undefined }, 'pdu.room_id.type'],
  ['12', { type: '"m.room.create"', room_id: undefined }, 'ok'],
  ['12', { type: '"m.room.create"' }, 'pdu.create.room_id'],
  ['12', { type: '"m.room.create"', room_id: 'null' }, 'pdu.create.room_id'],
  ['11', { content: undefined }, 'pdu.content.type'],
  ['11', { content: '[]' }, 'pdu.content.type'],
  ['1', { content: '1.0' }, 'pdu.content.type'],
  ['11', { hashes: undefined }, 'pdu.hashes.type'],
  ['11', { hashes: '"x"' }, 'pdu.hashes.type'],
  ['11', { hashes: '{}' }, 'ok'],
  ['11', { signatures: undefined }, 'pdu.signatures.type'],
  ['11', { signatures: '{"domain":[]}' }, 'pdu.signatures.type'],
  ['11', { signatures: '{"domain":{"ed25519:1":1}}' }, 'pdu.signatures.type'],
  ['11', { signatures: '{}' }, 'ok'],
  ['11', { origin_server_ts: undefined }, 'pdu.origin_server_ts.type'],
  ['11', { origin_server_ts: '"1"' }, 'pdu.origin_server_ts.type'],
  ['11', { origin_server_ts: '-1' }, 'ok'],
  ['11', { depth: undefined }, 'pdu.depth.type'],
  ['11', { depth: '"1"' }, 'pdu.depth.type'],
  ['11', { depth: '-1' }, 'pdu.depth.range'],
  ['11', { depth: '0' }, 'ok'],
  ['11', { depth: '9007199254740991' }, 'ok'],
  ['11', { depth: '9007199254740992' }, 'pdu.numbers'],
  ['6', { depth: '9007199254740992' }, 'pdu.numbers'],
  ['5', { depth: '9007199254740992' }, 'ok'],
  ['5', { depth: '9223372036854775807' }, 'ok'],
  ['5', { depth: '9223372036854775808' }, 'pdu.depth.range'],
  ['5', { depth: '9'.repeat(60_000) }, 'pdu.depth.range'],
  ['5', { depth: '-9223372036854775807' }, 'pdu.depth.range'],
  ['5', { depth: '1.0' }, 'pdu.depth.type'],
  ['5', { depth: '-0' }, 'ok'],
  ['5', { origin_server_ts: '123456789012345678901234567890' }, 'ok'],
  ['5', { content: '{"x":1.5,"y":1e400}' }, 'ok'],
  ['6', { content: '{"x":[{"y":1.5}]}' }, 'pdu.numbers'],
  ['6', { content: '{"x":-0}' }, 'pdu.numbers'],
  ['11', { content: nested(99) }, 'ok'],
  ['11', { content: nested(100) }, 'pdu.nesting'],
  ['5', { content: nested(100) }, 'pdu.nesting'],
  ['10', { redacts: '1' }, 'pdu.redacts.type'],
  ['10', { redacts: '"x"' }, 'ok'],
  ['11', { redacts: '1' }, 'ok'],
  ['11', { prev_events: undefined }, 'pdu.prev_events.type'],
  ['11', { prev_events: '{}' }, 'pdu.prev_events.type'],
  ['11', { prev_events: '[]', auth_events: '[]' }, 'ok'],
  ['11', { prev_events: '["x"]' }, 'pdu.prev_events.entry'],
  ['11', { prev_events: '[["$x",{}]]' }, 'pdu.prev_events.entry'],
  ['11', { prev_events: '["$x","$x"]' }, 'pdu.prev_events.duplicate'],
  ['11', { prev_events: hashes(20) }, 'ok'],
  ['11', { prev_events: hashes(21) }, 'pdu.prev_events.count'],
  ['11', { auth_events: undefined }, 'pdu.auth_events.type'],
  ['11', { auth_events: '["$x","$x"]' }, 'pdu.auth_events.duplicate'],
  ['11', { auth_events: hashes(10) }, 'ok'],
  ['11', { auth_events: hashes(11) }, 'pdu.auth_events.count'],
  ['1', { prev_events: '["$x:y"]' }, 'pdu.prev_events.entry'],
  ['1', { prev_events: '[["$x:y"]]' }, 'pdu.prev_events.entry'],
  ['1', { prev_events: '[["$x:y","hash"]]' }, 'pdu.prev_events.entry'],
  ['1', { prev_events: '[["$x:y",{},{}]]' }, 'pdu.prev_events.entry'],
  ['1', { prev_events: '[["$x:y",{}],["$z:y",{"sha256":"x"}]]' }, 'ok'],
  ['2', { prev_events: '[["$own:domain",{}]]' }, 'pdu.self_reference'],
  ['2', { auth_events: '[["$own:domain",{}]]' }, 'pdu.self_reference'],
  ['2', { event_id: undefined }, 'pdu.event_id.type'],
  ['2', { event_id: '"$own"' }, 'pdu.event_id.grammar'],
  ['2', { event_id: long(256, '$', ':domain') }, 'pdu.event_id.size'],
  ['3', { event_id: '"$other:domain"' }, 'ok'],
  ['3', { event_id: '1' }, 'ok'],
]

for (const [version, change, expected] of cases) {
  test(`version ${version}: ${JSON.stringify(change).slice(0, 80)} is ${expected}`, () => {
    assert.equal(outcome(version, change), expected)
  })
}

test('old events in transit may have more prev_events and auth_events, and nothing else', () => {
  assert.equal(outcome('11', { prev_events: hashes(30), auth_events: hashes(30) }, true), 'ok')
  assert.equal(outcome('11', { prev_events: '["$x","$x"]' }, true), 'pdu.prev_events.duplicate')
  assert.equal(outcome('11', { type: long(256) }, true), 'pdu.type.size')
})

test('the whole event has at most 65536 bytes, signatures included, unsigned not', () => {
  const spare = 65_536 - Buffer.byteLength(canonicalJson(changed('11', { content: '{"x":""}' })))
  const content = (bytes: number): string => `{"x":"${'x'.repeat(bytes)}"}`
  assert.equal(outcome('11', { content: content(spare), unsigned: content(100) }), 'ok')
  assert.equal(outcome('11', { content: content(spare + 1) }), 'pdu.size')
  assert.equal(outcome('11', { content: `{"x":"${'é'.repeat(Math.ceil(spare / 2) + 1)}"}` }), 'pdu.size')
})

for (const version of supportedRoomVersions) {
  test(`version ${version}: an event reads the same parsed, and from storage`, () => {
    const rules = rulesOf(version)
    const object = changed(version, { state_key: '"a\\"é\\n"', unsigned: '{"age":1}', type: '"x\\\\y"', '"odd\\key"': '"\\u0000"' })
    const result = parsePdu(object, rules)
    assert.ok(result.ok)
    const { pdu } = result
    const stored = pduFromStored(pdu.json, rules, pdu.eventId)
    for (const one of [pdu, stored]) {
      assert.equal(one.type, 'x\\y')
      assert.equal(one.stateKey, 'a"é\n')
      assert.equal(one.sender, '@u:domain')
      assert.equal(one.originServerTs, 1_700_000_000_000)
      assert.equal(one.depth, 7)
      assert.deepEqual(one.prevEvents, [someEventId(rules)])
      assert.deepEqual(one.authEvents, [someEventId(rules)])
      assert.equal(one.json, canonicalJson(one.object))
      assert.equal(one.json.slice(one.contentStart, one.contentEnd), canonicalJson(one.content))
      assert.equal(one.object['unsigned'], undefined)
      assert.equal(one.object['"odd\\key"'], '\0')
      assert.equal(one.redacts, undefined)
      assert.equal(checkContentHash(one), false, 'the event was changed after it was hashed')
    }
    assert.equal(pdu.eventId, rules.eventIds === 'given' ? '$own:domain' : `$${referenceHash(object, rules)}`)
    assert.equal(contentHash(object), contentHash(pdu.object))
  })
}

test('a depth or time beyond 2^53 - 1 is clamped for reading, and kept in the text', () => {
  const result = parsePdu(changed('5', { depth: '9223372036854775807', origin_server_ts: '-99999999999999999999' }), rulesOf('5'))
  assert.ok(result.ok)
  assert.equal(result.pdu.depth, Number.MAX_SAFE_INTEGER)
  assert.equal(result.pdu.originServerTs, Number.MIN_SAFE_INTEGER)
  assert.match(result.pdu.json, /"depth":9223372036854775807.*"origin_server_ts":-99999999999999999999/)
})

test('lexemes and the key __proto__ are hashed as they were written', () => {
  const text = (number: string): JsonObject => changed('5', { content: `{"__proto__":{"a":1},"n":${number}}` })
  const ids = ['1', '1.0', '1e0', '10e-1'].map((number) => contentHash(text(number)))
  assert.equal(new Set(ids).size, 4)
  const result = parsePdu(text('1.0'), rulesOf('5'))
  assert.ok(result.ok)
  assert.match(result.pdu.json, /"content":\{"__proto__":\{"a":1\},"n":1\.0\}/)
  assert.equal(result.pdu.content['a'], undefined)
})

test('the create event of version 12 gives the room its id', () => {
  const result = parsePdu(changed('12', { type: '"m.room.create"', state_key: '""', room_id: undefined }), rulesOf('12'))
  assert.ok(result.ok)
  assert.equal(result.pdu.roomId, `!${result.pdu.eventId.slice(1)}`)
  assert.equal(pduFromStored(result.pdu.json, rulesOf('12'), result.pdu.eventId).roomId, result.pdu.roomId)
})

test('a redaction names its target where the room version says, and only a redaction does', () => {
  const target = (version: string, change: Record<string, string>): Pdu['redacts'] => {
    const result = parsePdu(changed(version, change), rulesOf(version))
    assert.ok(result.ok)
    return result.pdu.redacts
  }
  const type = '"m.room.redaction"'
  assert.equal(target('10', { type, redacts: '"$a"' }), event('$a'))
  assert.equal(target('10', { type, content: '{"redacts":"$a"}' }), undefined)
  assert.equal(target('11', { type, content: '{"redacts":"$a"}' }), event('$a'))
  assert.equal(target('11', { type, redacts: '"$a"' }), undefined)
  assert.equal(target('11', { type, content: '{"redacts":1}' }), undefined)
  assert.equal(target('10', { type, redacts: '"nonsense"' }), undefined)
  assert.equal(target('10', { redacts: '"$a"' }), undefined)
})

test('whatever stands in an event, parsing it gives a verdict', () => {
  const keys = [
    'type',
    'sender',
    'room_id',
    'event_id',
    'content',
    'prev_events',
    'auth_events',
    'hashes',
    'signatures',
    'depth',
    '__proto__',
  ]
  const odd = ['null', '[]', '{}', '""', '"$x"', '[["$x:y",{}]]', '[null]', '1.5', '-1', 'true', '{"__proto__":1}', '[[[[]]]]', '"\\u0000"']
  const change = fc.dictionary(fc.constantFrom(...keys), fc.option(fc.oneof(fc.constantFrom(...odd), fc.json()), { nil: undefined }), {
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(fc.constantFrom(...supportedRoomVersions), change, (version, damage) => {
      const rules = rulesOf(version)
      const result = parsePdu(changed(version, damage), rules)
      if (!result.ok) return assert.match(result.refusal.rule, /^pdu\./)
      // What passed can be stored, read and judged.
      const stored = pduFromStored(result.pdu.json, rules, result.pdu.eventId)
      assert.equal(canonicalJson(stored.object), result.pdu.json)
      assert.equal(checkContentHash(stored), checkContentHash(result.pdu))
      assert.deepEqual(
        [stored.roomId, stored.prevEvents, stored.authEvents],
        [result.pdu.roomId, result.pdu.prevEvents, result.pdu.authEvents],
      )
      assert.equal(referenceHash(stored.object, rules), referenceHash(result.pdu.object, rules))
    }),
    { numRuns: 500 },
  )
})
