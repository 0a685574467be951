// Goal: what we build is what everybody else accepts: hashed, signed, in the format of its room version, within the limits.
// Method: drafts in every version, put through the checks of receipt; each refusal; countersigning.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase64 } from '../base64.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import { NumberLexeme } from '../json/json-value.ts'
import { parseJson } from '../json/parse-json.ts'
import { emptyObject } from '../json/plain-object.ts'
import { supportedRoomVersions } from '../versions/room-rules.ts'
import { addSignature, withSignature } from './add-signature.ts'
import { buildEvent, eventReference } from './build-event.ts'
import { checkSignatures } from './check-signatures.ts'
import { built, draft, event, json, keyId, room, rulesOf, server, vectorKey } from './event.fixture.ts'
import { checkContentHash, contentHash, referenceHash } from './event-hash.ts'
import { signaturesOf, signedBytes } from './event-signatures.ts'
import { parsePdu } from './parse-pdu.ts'

const signer = { serverName: server('domain'), key: vectorKey }

for (const version of supportedRoomVersions) {
  test(`version ${version}: a built event passes the checks of receipt`, () => {
    const rules = rulesOf(version)
    const pdu = built(rules, { stateKey: '', content: json({ z: 1, a: { ['__proto__']: 2 }, 'é"': ['\n'] }) })
    const sent = parseJson(pdu.json)
    assert.ok(sent.ok)
    assert.equal(canonicalJson(sent.value), pdu.json)
    const received = parsePdu(pdu.object, rules)
    assert.ok(received.ok)
    assert.equal(received.pdu.eventId, pdu.eventId)
    assert.equal(pdu.eventId, rules.eventIds === 'given' ? '$own:domain' : `$${referenceHash(pdu.object, rules)}`)
    assert.deepEqual(JSON.parse(canonicalJson(pdu.object['hashes'] ?? null)), { sha256: contentHash(pdu.object) })
    assert.ok(checkContentHash(pdu))
    assert.deepEqual(
      checkSignatures(pdu, rules, () => vectorKey.publicKey),
      { allowed: true },
    )
    assert.equal(Buffer.from(signedBytes(pdu, rules)).includes('"é'), false, 'the content of a message is not what is signed')
  })

  test(`version ${version}: redactions carry their target in the place of the version`, () => {
    const rules = rulesOf(version)
    const pdu = built(rules, { type: 'm.room.redaction', redacts: event('$target:x'), content: json({ reason: 'spam' }) })
    assert.equal(pdu.redacts, '$target:x')
    assert.equal(pdu.object['redacts'], rules.redactsInContent ? undefined : '$target:x')
    assert.equal(pdu.content['redacts'], rules.redactsInContent ? '$target:x' : undefined)
  })

  test(`version ${version}: events refer to each other in the form of the version`, () => {
    const rules = rulesOf(version)
    const first = built(rules)
    const reference = eventReference(first, rules)
    const eventId = rules.eventIds === 'given' ? event('$next:domain') : undefined
    const second = built(rules, { prevEvents: [reference], authEvents: [reference], eventId })
    const expected = rules.referencePairs ? [[first.eventId, { sha256: referenceHash(first.object, rules) }]] : [first.eventId]
    assert.deepEqual(JSON.parse(canonicalJson(second.object['prev_events'] ?? null)), expected)
    assert.deepEqual(second.authEvents, [first.eventId])
  })
}

test('the create event of version 12 has no room id and gives one', () => {
  const pdu = built(rulesOf('12'), { roomId: undefined, type: 'm.room.create', stateKey: '', prevEvents: [], authEvents: [] })
  assert.equal(pdu.object['room_id'], undefined)
  assert.equal(pdu.roomId, `!${pdu.eventId.slice(1)}`)
})

test('what no server would accept is refused, not built', () => {
  let deep = json({})
  for (let level = 0; level < 200; level++) deep = Object.assign(emptyObject(), { a: deep })
  const cases = [
    [{ content: json({ body: 'x'.repeat(65_536) }) }, 'pdu.size'],
    [{ content: json({ x: 1.5 }) }, 'pdu.numbers'],
    [{ content: Object.assign(emptyObject(), { x: new NumberLexeme('-0') }) }, 'pdu.numbers'],
    [{ content: deep }, 'pdu.nesting'],
    [{ type: 'x'.repeat(256) }, 'pdu.type.size'],
    [{ stateKey: 'é'.repeat(128) }, 'pdu.state_key.size'],
    [{ roomId: room('!r:domain') }, 'pdu.room_id.version'],
    [{ roomId: undefined }, 'pdu.room_id.type'],
  ] as const
  for (const [change, rule] of cases) {
    const result = buildEvent(draft(rulesOf('12'), change), rulesOf('12'), signer)
    assert.equal(result.ok ? 'built' : result.refusal.rule, rule)
  }
})

test('a mistake of ours is no refusal', () => {
  assert.throws(() => buildEvent(draft(rulesOf('12'), { eventId: event('$x:y') }), rulesOf('12'), signer))
  assert.throws(() => buildEvent(draft(rulesOf('1'), { eventId: undefined }), rulesOf('1'), signer))
  assert.throws(() => buildEvent(draft(rulesOf('1'), { prevEvents: [{ eventId: event('$x:y') }] }), rulesOf('1'), signer))
})

test('another server adds its signature, and the event stays the same', () => {
  for (const version of supportedRoomVersions) {
    const rules = rulesOf(version)
    const pdu = built(rules)
    const other = addSignature(pdu, rules, server('other:1'), vectorKey)
    assert.ok(other.ok)
    assert.equal(other.pdu.eventId, pdu.eventId)
    assert.equal(other.pdu.json, canonicalJson(other.pdu.object))
    assert.ok(checkContentHash(other.pdu))
    assert.deepEqual(signaturesOf(other.pdu, server('domain')), signaturesOf(pdu, server('domain')))
    assert.equal(signaturesOf(other.pdu, server('other:1')).length, 1)

    // A policy server may have the name of the sender's own server: both signatures stay.
    const policy = withSignature(pdu, rules, server('domain'), keyId('ed25519:policy_server'), encodeBase64(new Uint8Array(64)))
    assert.ok(policy.ok)
    assert.deepEqual(
      signaturesOf(policy.pdu, server('domain')).map(([id]) => id),
      ['ed25519:1', 'ed25519:policy_server'],
    )
  }
})

test('a signature that makes the event too large is refused', () => {
  const rules = rulesOf('11')
  const spare = 65_536 - Buffer.byteLength(built(rules, { content: json({ x: '' }) }).json)
  const pdu = built(rules, { content: json({ x: 'x'.repeat(spare) }) })
  const result = addSignature(pdu, rules, server('other'), vectorKey)
  assert.equal(result.ok ? 'signed' : result.refusal.rule, 'pdu.size')
})
