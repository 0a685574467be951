// Goal: an invite by third party enters exactly when its proof is of the token, the user, the sender and a key of the room's invite.
// Method: real ed25519 keys; one good proof, and one fault in it per case.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { encodeBase64 } from '../base64.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import { authorize } from './authorize.ts'
import { creator, foundedRoom, json, outcome } from './room.fixture.ts'

const bob = '@bob:b'
const keys = generateKeyPairSync('ed25519')
const otherKeys = generateKeyPairSync('ed25519')

function publicText(pair: typeof keys): string {
  return encodeBase64(Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
}

function proof(fields: Record<string, unknown> = {}, pair = keys, keyId = 'ed25519:0'): Record<string, unknown> {
  const signed = { mxid: bob, token: 'token', sender: creator, ...fields }
  const signature = encodeBase64(sign(null, Buffer.from(canonicalJson(json(signed))), pair.privateKey))
  return { ...signed, signatures: { 'identity.example': { [keyId]: signature } } }
}

interface Case {
  readonly why: string
  readonly invite?: unknown
  readonly content?: Record<string, unknown>
  readonly sender?: string
  readonly banned?: boolean
  readonly verdict: string
}

const plain = { public_key: publicText(keys) }
const cases: Case[] = [
  { why: 'a good proof', verdict: 'allowed' },
  {
    why: 'the key in the list',
    content: { public_keys: [5, { public_key: publicText(otherKeys) }, { public_key: publicText(keys) }] },
    verdict: 'allowed',
  },
  {
    why: 'a key in URL-safe base64',
    content: { public_key: publicText(keys).replaceAll('+', '-').replaceAll('/', '_') },
    verdict: 'allowed',
  },
  { why: 'the target is banned', banned: true, verdict: 'member.invite.third_party.banned' },
  { why: 'not an object', invite: 'x', verdict: 'member.invite.third_party.signed' },
  { why: 'nothing signed', invite: {}, verdict: 'member.invite.third_party.signed' },
  { why: 'no token', invite: { signed: proof({ token: 5 }) }, verdict: 'member.invite.third_party.shape' },
  { why: 'another user', invite: { signed: proof({ mxid: '@carol:c' }) }, verdict: 'member.invite.third_party.mxid' },
  { why: 'unknown token', invite: { signed: proof({ token: 'other' }) }, verdict: 'member.invite.third_party.token' },
  { why: 'another sender', sender: '@carol:c', verdict: 'member.invite.third_party.sender' },
  { why: 'another key', invite: { signed: proof({}, otherKeys) }, verdict: 'member.invite.third_party.signature' },
  { why: 'another algorithm', invite: { signed: proof({}, keys, 'rsa:0') }, verdict: 'member.invite.third_party.signature' },
  { why: 'changed after signing', invite: { signed: { ...proof(), extra: 1 } }, verdict: 'member.invite.third_party.signature' },
  {
    why: 'signatures of a wrong shape',
    invite: { signed: { ...proof(), signatures: { x: 5, y: { 'ed25519:0': 5 } } } },
    verdict: 'member.invite.third_party.signature',
  },
  { why: 'a key of a wrong length', content: { public_key: 'AAAA' }, verdict: 'member.invite.third_party.signature' },
  { why: 'no key', content: { public_keys: {} }, verdict: 'member.invite.third_party.signature' },
]

for (const { why, invite, content, sender, banned, verdict } of cases) {
  test(`third-party invite: ${why} is ${verdict}`, () => {
    for (const version of [1, 6, 11, 12]) {
      const room = foundedRoom(version)
      room.add({ type: 'm.room.third_party_invite', stateKey: 'token', content: content ?? plain })
      if (banned === true) room.member(bob, 'ban', { sender: creator })
      const event = room.make({
        type: 'm.room.member',
        sender: sender ?? creator,
        stateKey: bob,
        content: { membership: 'invite', third_party_invite: invite ?? { signed: proof() } },
      })
      assert.equal(outcome(authorize(event, room, room.rules)), verdict)
    }
  })
}

test('m.room.third_party_invite: the invite level alone decides', () => {
  for (const version of [1, 11, 12]) {
    const room = foundedRoom(version)
    room.member(bob, 'join')
    const event = room.make({ type: 'm.room.third_party_invite', sender: bob, stateKey: 'token' })
    assert.equal(outcome(authorize(event, room, room.rules)), 'allowed')
    room.levels({ invite: 1 })
    assert.equal(outcome(authorize(event, room, room.rules)), 'third_party_invite.invite_level')
  }
})
