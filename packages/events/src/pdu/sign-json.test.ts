// Goal: signatures on JSON and on events come out as published, and only good ones pass.
// Method: the cryptographic test vectors of the appendices; every kind of damage to a signed object.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase64 } from '../base64.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import { json, keyId, rulesOf, server, vectorKey } from './event.fixture.ts'
import { contentHash } from './event-hash.ts'
import { redact } from './redact.ts'
import { signJson, verifyJson } from './sign-json.ts'
import { verifyBytes } from './signing-key.ts'

const domain = server('domain')

test('signed JSON: the vectors of the appendices', () => {
  const empty = signJson(json({}), domain, vectorKey)
  assert.equal(
    canonicalJson(empty),
    '{"signatures":{"domain":{"ed25519:1":"K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"}}}',
  )
  const filled = signJson(json({ one: 1, two: 'Two' }), domain, vectorKey)
  assert.equal(
    canonicalJson(filled),
    '{"one":1,"signatures":{"domain":{"ed25519:1":' +
      '"KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"}},' +
      '"two":"Two"}',
  )
})

const vectors = [
  {
    event: {
      room_id: '!x:domain',
      sender: '@a:domain',
      origin: 'domain',
      origin_server_ts: 1_000_000,
      signatures: {},
      hashes: {},
      type: 'X',
      content: {},
      prev_events: [],
      auth_events: [],
      depth: 3,
      unsigned: { age_ts: 1_000_000 },
    },
    hash: '5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos',
    signature: 'KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg',
  },
  {
    event: {
      content: { body: 'Here is the message content' },
      event_id: '$0:domain',
      origin: 'domain',
      origin_server_ts: 1_000_000,
      type: 'm.room.message',
      room_id: '!r:domain',
      sender: '@u:domain',
      signatures: {},
      unsigned: { age_ts: 1_000_000 },
    },
    hash: 'onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g',
    signature: 'Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA',
  },
]

test('signed events: the vectors of the appendices', () => {
  for (const { event, hash, signature } of vectors) {
    assert.equal(contentHash(json(event)), hash)
    const hashed = json({ ...event, hashes: { sha256: hash } })
    const signed = signJson(redact(hashed, rulesOf('1')), domain, vectorKey)
    assert.deepEqual(JSON.parse(canonicalJson(signed['signatures'] ?? null)), { domain: { 'ed25519:1': signature } })
  }
})

test('earlier signatures and unsigned stay, and are not covered', () => {
  const object = json({ a: 1, unsigned: { x: 1 }, signatures: { domain: { 'ed25519:0': 'old' }, other: { 'ed25519:1': 'theirs' } } })
  const signed = signJson(object, domain, vectorKey)
  const plain: unknown = JSON.parse(canonicalJson(signed))
  const bare = signJson(json({ a: 1 }), domain, vectorKey)
  const expected: { signatures: { domain: object } } = JSON.parse(canonicalJson(bare))
  assert.deepEqual(plain, {
    a: 1,
    unsigned: { x: 1 },
    signatures: { domain: { 'ed25519:0': 'old', ...expected.signatures.domain }, other: { 'ed25519:1': 'theirs' } },
  })
  assert.ok(verifyJson(signed, domain, vectorKey.keyId, vectorKey.publicKey))
  assert.deepEqual(JSON.parse(canonicalJson(object)).signatures.domain, { 'ed25519:0': 'old' })
})

test('a signature that is absent, damaged, of another key or over other data is none', () => {
  const signed = signJson(json({ a: 1 }), domain, vectorKey)
  const good = vectorKey.sign(Buffer.from('{"a":1}'))
  const verify = (object: object, name = domain, id = vectorKey.keyId, key = vectorKey.publicKey): boolean =>
    verifyJson(json(object), name, id, key)
  const signatures = { domain: { 'ed25519:1': encodeBase64(good) } }
  assert.ok(verify({ a: 1, signatures }))
  assert.ok(verify({ a: 1, signatures: { domain: { 'ed25519:1': `${encodeBase64(good)}==` } } }))
  assert.ok(verifyJson(signed, domain, vectorKey.keyId, vectorKey.publicKey))
  assert.ok(!verify({ a: 2, signatures }))
  assert.ok(!verify({ a: 1, signatures }, server('other')))
  assert.ok(!verify({ a: 1, signatures }, domain, keyId('ed25519:2')))
  assert.ok(!verify({ a: 1, signatures }, domain, vectorKey.keyId, new Uint8Array(32)))
  assert.ok(!verify({ a: 1, signatures }, domain, vectorKey.keyId, new Uint8Array(31)))
  for (const text of ['', 'AAAA', '!!', encodeBase64(good.subarray(1)), 1, null, {}]) {
    assert.ok(!verify({ a: 1, signatures: { domain: { 'ed25519:1': text } } }))
  }
  for (const bad of [null, 1, [], { domain: null }, { domain: 'x' }]) assert.ok(!verify({ a: 1, signatures: bad }))
  assert.ok(!verifyBytes(vectorKey.publicKey, Buffer.concat([good, Buffer.alloc(1)]), Buffer.from('{"a":1}')))
})
