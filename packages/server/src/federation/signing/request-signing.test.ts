// Goal: a request is taken as coming from a server only if that server signed exactly it (attacks F20, F30), and what we
// sign ourselves is read back by any tolerant reader.
// Method: tables of headers; random requests; keys that the test holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  canonicalJson,
  fromPlain,
  parseKeyId,
  parseServerName,
  signingKeyFromSeed,
  type JsonValue,
  type KeyId,
  type ServerName,
} from '@causeway/events'
import fc from 'fast-check'
import { MatrixError } from '../../errors.ts'
import type { ServerCaller } from '../../http/caller.ts'
import type { SignedRequest } from '../../http/identify.ts'
import { formatXMatrix, parseXMatrix } from './authorization-header.ts'
import { RequestVerifier } from './request-verifier.ts'
import { signRequest } from './signed-text.ts'

function server(text: string): ServerName {
  const parsed = parseServerName(text)
  assert.ok(parsed !== undefined)
  return parsed
}
function keyId(text: string): KeyId {
  const parsed = parseKeyId(text)
  assert.ok(parsed !== undefined)
  return parsed
}
const here = server('here.test')
const peer = server('peer.test:8448')
const key = signingKeyFromSeed(keyId('ed25519:a_1'), new Uint8Array(32).fill(7))
const signer = { serverName: peer, key }

test('headers that are read', () => {
  const full = { origin: 'a.test', destination: 'b.test', key: 'ed25519:k', sig: 'AB/+c' }
  const rows: readonly [string, object][] = [
    ['X-Matrix origin="a.test",destination="b.test",key="ed25519:k",sig="AB/+c"', full],
    ['x-matrix origin="a.test",destination="b.test",key="ed25519:k",sig="AB/+c"', full],
    ['X-MATRIX    ORIGIN=a.test , Destination="b.test"\t,\tKey=ed25519:k,sig="AB/+c"', full],
    ['X-Matrix sig="AB/+c",key="ed25519:k",destination=b.test,origin=a.test', full],
    ['X-Matrix ,, origin = "a.test",,destination="b.test",key="ed25519:k",sig="AB/+c",', full],
    ['X-Matrix origin="a.test",destination="b.test",key="ed25519:k",sig="A\\B\\/+c"', full],
    ['X-Matrix origin="a.test",key="ed25519:k",sig="AB/+c"', { ...full, destination: undefined }],
    ['X-Matrix origin="a.test",destination="b.test",key="ed25519:k",sig="AB/+c",other="x, y=\\"z",extra=1', full],
    ['X-Matrix origin="[::1]:80",destination="b.test",key="ed25519:k",sig="AB/+c" ', { ...full, origin: '[::1]:80' }],
    ['X-Matrix origin=a.test:80,destination=b.test,key="ed25519:k",sig="AB/+c"', { ...full, origin: 'a.test:80' }],
  ]
  for (const [header, expected] of rows) assert.deepEqual(parseXMatrix(header), expected, header)
})

test('headers that are refused', () => {
  const rest = 'destination="b.test",key="ed25519:k",sig="x"'
  for (const header of [
    '',
    'X-Matrix',
    'X-Matrix ',
    'Bearer abc',
    `X-Matrixorigin="a.test",${rest}`,
    `X-Matrix origin="a.test",origin="a.test",${rest}`,
    `X-Matrix origin="a.test",ORIGIN="c.test",${rest}`,
    `X-Matrix origin="a.test" ${rest}`,
    `X-Matrix origin="a.test,${rest}`,
    `X-Matrix origin="a.test"x,${rest}`,
    `X-Matrix origin=,${rest}`,
    `X-Matrix origin,${rest}`,
    `X-Matrix ="a.test",${rest}`,
    `X-Matrix origin="not a name",${rest}`,
    `X-Matrix origin="a/b",${rest}`,
    `X-Matrix origin=a test,${rest}`,
    `X-Matrix origin='a.test',${rest}`,
    'X-Matrix origin="a.test",destination="b.test",key="ed25519:k"',
    'X-Matrix origin="a.test",destination="b.test",key="rsa:k",sig="x"',
    'X-Matrix destination="b.test",key="ed25519:k",sig="x"',
    `X-Matrix origin="a.test",${rest},${Array.from({ length: 40 }, (_, i) => `p${i}=1`).join(',')}`,
    `X-Matrix origin="a.te\nst",${rest}`,
  ]) {
    assert.equal(parseXMatrix(header), undefined, header)
  }
})

test('what is written is read, whatever surrounds it', () => {
  const value = fc.string({ unit: fc.constantFrom(...'abcdefg0123456789-.'), minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(value, value, fc.base64String(), fc.constantFrom(' ', '  ', '    '), (origin, destination, sig, gap) => {
      const parts = { origin: server(origin), destination, key: keyId('ed25519:a_B'), sig }
      const written = formatXMatrix(parts)
      assert.deepEqual(parseXMatrix(written), parts)
      assert.deepEqual(parseXMatrix(written.replace(' ', gap).replaceAll(',', ` ,${gap}`)), parts)
    }),
  )
})

test('no header makes the reader throw or linger', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parseXMatrix(`X-Matrix ${text}`)))
  for (const part of ['\\"', '"', ',', ' ,', 'a="\\', '=']) parseXMatrix(`X-Matrix a="${part.repeat(8_000)}`)
})

class TestKeys {
  loads = 0
  known = false
  currentKey(name: ServerName, id: KeyId): Uint8Array | undefined {
    return this.known && name === peer && id === key.keyId ? key.publicKey : undefined
  }
  async loadCurrent(): Promise<void> {
    this.loads += 1
    this.known = true
  }
}

function signed(
  request: {
    readonly method?: string
    readonly uri?: string
    readonly body?: JsonValue
    readonly bodyText?: string
    readonly destination?: string
  } = {},
): SignedRequest {
  const method = request.method ?? 'PUT'
  const uri = request.uri ?? '/_matrix/federation/v1/send/1?a=%20b'
  const content = request.body === undefined ? undefined : canonicalJson(request.body)
  const authorization = signRequest({ method, uri, destination: server(request.destination ?? here), content }, signer)
  return { method, uri, authorization: [authorization], bodyText: request.bodyText ?? content }
}

const verifier = (keys = new TestKeys()): RequestVerifier => new RequestVerifier({ serverName: here, keys })
const json = (plain: unknown): JsonValue => fromPlain(plain) ?? null

function code(outcome: ServerCaller | MatrixError): string {
  return outcome instanceof MatrixError ? `${outcome.status} ${outcome.code}` : outcome.serverName
}

test('signed requests are accepted, in whatever form their body came', async () => {
  const body = json({ b: [1, 'é€😀'], a: { z: null, y: true } })
  for (const request of [
    signed(),
    signed({ body }),
    signed({ body, bodyText: '{ "b": [1, "\\u00e9\\u20ac\\ud83d\\ude00"],\n "a": {"z": null, "y": true} }' }),
    signed({ body: json({}), bodyText: '{}' }),
    {
      ...signed(),
      authorization: [
        ...signed().authorization,
        'X-Matrix origin="peer.test:8448",destination="here.test",key="ed25519:unknown",sig="AAAA"',
      ],
    },
  ]) {
    assert.equal(code(await verifier().verify(request)), peer, JSON.stringify(request))
  }
  const caller = await verifier().verify(signed({ body }))
  assert.ok(!(caller instanceof MatrixError) && canonicalJson(caller.content ?? null) === canonicalJson(body))
})

test('the destination may be left out of the header, but not be another', async () => {
  const request = signed()
  const [header = ''] = request.authorization
  assert.equal(code(await verifier().verify({ ...request, authorization: [header.replace('destination="here.test",', '')] })), peer)
  const elsewhere = signed({ destination: 'elsewhere.test' })
  const [away = ''] = elsewhere.authorization
  assert.equal(code(await verifier().verify(elsewhere)), '401 M_UNAUTHORIZED')
  assert.equal(
    code(await verifier().verify({ ...elsewhere, authorization: [away.replace('destination="elsewhere.test",', '')] })),
    '401 M_UNAUTHORIZED',
  )
})

test('anything changed is refused', async () => {
  const body = json({ pdus: [], n: 1 })
  const good = signed({ body })
  const [header = ''] = good.authorization
  const rows: readonly [string, SignedRequest][] = [
    ['method', { ...good, method: 'POST' }],
    ['path', { ...good, uri: `${good.uri}x` }],
    ['query', { ...good, uri: good.uri.replace('%20', '+') }],
    ['body', { ...good, bodyText: '{"n":2,"pdus":[]}' }],
    ['no body', { ...good, bodyText: undefined }],
    ['a body where there was none', { ...signed(), bodyText: '{}' }],
    ['key of another name', { ...good, authorization: [header.replace('a_1', 'a_2')] }],
    ['origin', { ...good, authorization: [header.replace('peer.test:8448', 'peer.test')] }],
    ['signature', { ...good, authorization: [header.replace(/sig="..../, 'sig="AAAA')] }],
    ['no base64', { ...good, authorization: [header.replace(/sig=".*"/, 'sig="%"')] }],
    ['our own name', { ...good, authorization: [header.replace('peer.test:8448', 'here.test')] }],
    ['two origins', { ...good, authorization: [header, header.replace('peer.test:8448', 'other.test')] }],
    ['a second bad signature', { ...good, authorization: [header, header.replace(/sig="..../, 'sig="AAAA')] }],
    ['too many', { ...good, authorization: Array.from({ length: 9 }, () => header) }],
    ['none', { ...good, authorization: [] }],
  ]
  for (const [what, request] of rows) assert.equal(code(await verifier().verify(request)), '401 M_UNAUTHORIZED', what)
})

test('bodies that could be read in two ways are refused (F20)', async () => {
  const rows: readonly [string, string][] = [
    ['{"a":1,"a":1}', '400 M_BAD_JSON'],
    ['{"a":"\\ud800"}', '400 M_BAD_JSON'],
    ['{"a":1', '400 M_NOT_JSON'],
    ['[[['.repeat(500), '400 M_BAD_JSON'],
    ['{"a":1}{"a":1}', '400 M_BAD_JSON'],
    ['{"a":1},"destination":"here.test"', '400 M_BAD_JSON'],
  ]
  for (const [bodyText, expected] of rows) {
    assert.equal(code(await verifier().verify(signed({ body: json({ a: 1 }), bodyText }))), expected, bodyText.slice(0, 30))
  }
})

test('a known key is not loaded again, and verifying then does not wait', async () => {
  const keys = new TestKeys()
  const alive: ServerName[] = []
  const known = new RequestVerifier({ serverName: here, keys, onVerified: (name) => alive.push(name) })
  await known.verify(signed())
  const second = known.verify(signed())
  assert.ok(!(second instanceof Promise))
  assert.deepEqual([keys.loads, alive], [1, [peer, peer]])
})

test('any JSON body survives signing and verifying', async () => {
  const keys = new TestKeys()
  keys.known = true
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })), async (plain) => {
      const bodyText = JSON.stringify(plain, null, 1)
      // As it arrives: -0 is written as 0.
      const body = fromPlain(JSON.parse(bodyText))
      fc.pre(body !== undefined)
      assert.equal(code(await verifier(keys).verify(signed({ body, bodyText }))), peer)
    }),
    { numRuns: 60 },
  )
})
