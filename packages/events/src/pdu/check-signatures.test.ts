// Goal: receipt check 2: who must have signed, which keys count, and what is missing rather than wrong.
// Method: one signed event per case, with the keys that the case says are known.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerName } from '../ids/ids.ts'
import { supportedRoomVersions } from '../versions/room-rules.ts'
import { addSignature, withSignature } from './add-signature.ts'
import type { EventDraft } from './build-event.ts'
import { checkSignatures, type FindKey, type SignatureCheck } from './check-signatures.ts'
import { built, event, json, keyId, rulesOf, server, user, vectorKey } from './event.fixture.ts'
import { requiredSigners } from './event-signatures.ts'
import type { Pdu } from './pdu.ts'
import { signingKeyFromSeed } from './signing-key.ts'

const otherKey = signingKeyFromSeed(keyId('ed25519:2'), new Uint8Array(32).fill(7))
const known: FindKey = (_, id) => (id === vectorKey.keyId ? vectorKey.publicKey : id === otherKey.keyId ? otherKey.publicKey : undefined)

function said(check: SignatureCheck): string {
  if ('missing' in check) return `missing ${check.missing.map(({ server: name, keyId: id }) => `${name} ${id}`).join()}`
  return check.allowed ? 'allowed' : check.rule
}

function countersigned(pdu: Pdu, version: string, name: string): Pdu {
  const result = addSignature(pdu, rulesOf(version), server(name), otherKey)
  assert.ok(result.ok)
  return result.pdu
}

const member = (membership: string, more: object = {}): Partial<EventDraft> => ({
  type: 'm.room.member',
  stateKey: '@u:domain',
  content: json({ membership, ...more }),
})
const restricted = member('join', { join_authorised_via_users_server: '@a:authoriser' })
const thirdParty = member('invite', { third_party_invite: { display_name: 'x', signed: { mxid: '@a:b', token: 't', signatures: {} } } })

const signers: [why: string, version: string, change: Partial<EventDraft>, expected: string[]][] = [
  ['a message', '11', {}, ['domain']],
  ['versions 1 and 2: also the server of the event id', '1', { eventId: event('$x:elsewhere') }, ['domain', 'elsewhere']],
  ['versions 1 and 2: once if it is the same', '2', { eventId: event('$x:domain') }, ['domain']],
  ['a restricted join', '8', restricted, ['domain', 'authoriser']],
  ['a restricted join', '12', restricted, ['domain', 'authoriser']],
  ['before there were restricted joins', '7', restricted, ['domain']],
  ['a leave that names an authoriser', '8', member('leave', { join_authorised_via_users_server: '@a:authoriser' }), ['domain']],
  [
    'another type that names an authoriser',
    '8',
    { content: json({ membership: 'join', join_authorised_via_users_server: '@a:x' }) },
    ['domain'],
  ],
  ['a third-party invite', '11', thirdParty, []],
  ['a third-party invite in version 1', '1', { ...thirdParty, eventId: event('$x:elsewhere') }, ['elsewhere']],
  ['an invite with an empty third_party_invite', '11', member('invite', { third_party_invite: null }), ['domain']],
  ['an invite with a third_party_invite that proves nothing', '11', member('invite', { third_party_invite: {} }), ['domain']],
  ['a join with a third_party_invite', '11', member('join', { third_party_invite: { signed: {} } }), ['domain']],
]

for (const [why, version, change, expected] of signers) {
  test(`who must sign: ${why} (version ${version})`, () => {
    assert.deepEqual(requiredSigners(built(rulesOf(version), change), rulesOf(version)), expected)
  })
}

for (const version of supportedRoomVersions) {
  test(`version ${version}: good, wrong, absent and unknown signatures`, () => {
    const rules = rulesOf(version)
    const pdu = built(rules)
    assert.equal(said(checkSignatures(pdu, rules, known)), 'allowed')
    assert.equal(said(checkSignatures(pdu, rules, () => otherKey.publicKey)), 'signature.wrong')
    assert.equal(said(checkSignatures(pdu, rules, () => undefined)), 'missing domain ed25519:1')
    const foreign = built(rules, { sender: user('@u:foreign'), eventId: rules.eventIds === 'given' ? event('$x:foreign') : undefined })
    assert.equal(said(checkSignatures(foreign, rules, known)), 'signature.absent')
  })
}

test('signatures by unknown keys are skipped, wrong ones by known keys are not', () => {
  const rules = rulesOf('11')
  const pdu = built(rules)
  const withUnknown = withSignature(pdu, rules, server('domain'), keyId('ed25519:policy_server'), 'AAAA')
  assert.ok(withUnknown.ok)
  assert.equal(said(checkSignatures(withUnknown.pdu, rules, known)), 'allowed')
  const withWrong = withSignature(pdu, rules, server('domain'), otherKey.keyId, 'AAAA')
  assert.ok(withWrong.ok)
  assert.equal(said(checkSignatures(withWrong.pdu, rules, known)), 'signature.wrong')
  const malformed = withSignature(pdu, rules, server('domain'), otherKey.keyId, '!')
  assert.ok(malformed.ok)
  assert.equal(said(checkSignatures(malformed.pdu, rules, known)), 'signature.wrong')
})

test('a restricted join needs both signatures, and a valid name', () => {
  const rules = rulesOf('10')
  const joined = built(rules, restricted)
  assert.equal(said(checkSignatures(joined, rules, known)), 'signature.absent')
  const both = countersigned(joined, '10', 'authoriser')
  assert.equal(said(checkSignatures(both, rules, known)), 'allowed')
  const onlyOurs: FindKey = (name, id) => (name === 'domain' ? known(name, id, 0) : undefined)
  assert.equal(said(checkSignatures(both, rules, onlyOurs)), 'missing authoriser ed25519:2')
  for (const name of ['nobody', '', 1, null]) {
    const bad = built(rules, member('join', { join_authorised_via_users_server: name }))
    assert.equal(said(checkSignatures(bad, rules, known)), 'signature.authoriser')
  }
})

test("keys must be valid at the event's time from version 5 on", () => {
  const asked = (version: string): unknown[] => {
    const calls: [ServerName, string, number][] = []
    checkSignatures(built(rulesOf(version)), rulesOf(version), (...call) => {
      calls.push(call)
      return undefined
    })
    return calls
  }
  assert.deepEqual(asked('4'), [['domain', 'ed25519:1', 0]])
  assert.deepEqual(asked('5'), [['domain', 'ed25519:1', 1_700_000_000_000]])
})
