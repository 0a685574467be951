// Goal: two servers that know nothing of each other but their names find, authenticate and answer each other, and what a
// peer answers cannot harm our clients (attacks F18, P16).
// Method: real TLS on loopback, the real edge on both sides, an authority of the test's own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { canonicalJson, encodeBase64, isJsonObject, parseJson, parseServerName, type JsonObject, type ServerName } from '@causeway/events'
import { bulkPerspectivesKeyQuery } from './bulk-perspectives-key-query.ts'
import { getServerKey as getServerKeyEndpoint } from './get-server-key.ts'
import { getWellKnownServer } from './get-well-known-server.ts'
import { perspectivesKeyQuery } from './perspectives-key-query.ts'
import { MatrixError, type ErrorCode } from '../errors.ts'
import { Edge } from '../http/edge.ts'
import { endpoint, type Endpoint } from '../http/endpoint.ts'
import { AddressPolicy } from '../http/outbound/address-policy.ts'
import { OutboundClient } from '../http/outbound/outbound-client.ts'
import { FakeNames, loopbackRange, testCa } from '../http/outbound/outbound.fixture.ts'
import { RateLimiter } from '../http/rate-limiter.ts'
import { jsonReply } from '../http/reply.ts'
import { realClock } from '../platform/clock.ts'
import { openHttpListener } from '../platform/http-listener.ts'
import { silentLogger } from '../platform/logger.ts'
import { Metrics } from '../platform/metrics.ts'
import { realRandom } from '../platform/random.ts'
import { openMemory, openSqliteInline } from '../storage/sqlite/open-sqlite.ts'
import { toClientError } from '../federation/client/client-error.ts'
import { Destinations } from '../federation/client/destinations.ts'
import { FederationClient } from '../federation/client/federation-client.ts'
import { Discovery } from '../federation/discovery/discovery.ts'
import { KeyRing } from '../federation/keys/key-ring.ts'
import { Notary } from '../federation/keys/notary.ts'
import { PublishedKeys } from '../federation/keys/published-keys.ts'
import { parseOwnKeys } from '../federation/keys/signing-key-file.ts'
import { RequestVerifier } from '../federation/signing/request-verifier.ts'
import { contract, smallAnswer } from '../federation/wire/contract.ts'
import { queryProfile } from '../federation/wire/queries.ts'
import { getServerKey, getVersion } from '../federation/wire/servers.ts'
import { sendTransaction } from '../federation/wire/transactions.ts'

const echo = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/send/{txnId}',
  summary: 'Says who called with what.',
  auth: 'server',
  limit: 'federation',
  rawBody: true,
  handle: ({ caller, params }) =>
    jsonReply(
      canonicalJson(Object.assign(Object.create(null), { body: caller.content ?? null, from: caller.serverName, txn: params.txnId })),
    ),
})

const refuse = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/query/profile',
  summary: 'Answers with whatever code it is asked for.',
  auth: 'server',
  limit: 'federation',
  handle({ query }) {
    const code: ErrorCode = query['user_id'] === 'M_FORBIDDEN' ? 'M_FORBIDDEN' : 'M_UNKNOWN_TOKEN'
    throw new MatrixError(code, 'words of the peer')
  },
})

const nested = endpoint({
  method: 'GET',
  path: '/_matrix/federation/v1/odd/{kind}',
  summary: 'Odd answers.',
  auth: 'none',
  limit: 'federation',
  handle({ params }) {
    const answers: Readonly<Record<string, string>> = {
      twice: '{"a":1,"a":2}',
      deep: `${'['.repeat(1_000)}${']'.repeat(1_000)}`,
      array: '[200,{"event":{"__proto__":1,"n":1.50}}]',
      large: JSON.stringify({ x: 'x'.repeat(300_000) }),
      plain: 'nothing',
    }
    return jsonReply(answers[params.kind] ?? '{}')
  },
})

const odd = contract({ name: 'odd', method: 'GET', path: '/_matrix/federation/v1/odd/{kind}', answer: smallAnswer, signed: false })
const oddInArray = { ...odd, inArray: true }

const plenty = { perSecond: 1_000, burst: 1_000 }
/** Limits are off. */
const noRates = {
  read: plenty,
  sync: plenty,
  write: plenty,
  search: plenty,
  join: plenty,
  create: plenty,
  login: plenty,
  register: plenty,
  media: plenty,
  federation: plenty,
  federation_join: plenty,
}

async function freePort(): Promise<number> {
  const holder = createServer()
  holder.listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const bound = holder.address()
  holder.close()
  await once(holder, 'close')
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}

interface Homeserver {
  readonly name: ServerName
  readonly client: FederationClient
  readonly destinations: Destinations
  readonly ring: KeyRing
}

/** A server called `host`, with the port in its name or behind a service record. */
async function homeserver(
  t: TestContext,
  names: FakeNames,
  host: string,
  options: { readonly byService?: boolean } = {},
): Promise<Homeserver> {
  const port = await freePort()
  const name = parseServerName(options.byService === true ? host : `${host}:${port}`)
  assert.ok(name !== undefined)
  names.hosts.set(host, ['127.0.0.1'])
  if (options.byService === true) {
    names.srv.set(`_matrix-fed._tcp.${host}`, [{ name: `target.${host}`, port, priority: 1, weight: 1 }])
    names.hosts.set(`target.${host}`, ['127.0.0.1'])
  }
  const clock = realClock
  const random = realRandom()
  const db = openSqliteInline(openMemory(), (run) => void setImmediate(run))
  const ownKeys = parseOwnKeys(`ed25519 a_${host.replace(/\W/g, '')} ${encodeBase64(random.bytes(32))}`, 'key')
  const signer = { serverName: name, key: ownKeys.signing }
  const outbound = new OutboundClient({ clock, names, policy: new AddressPolicy([loopbackRange]), trustedCa: testCa.certificate })
  const destinations = new Destinations({ clock, random })
  const client = new FederationClient({
    clock,
    signer,
    outbound,
    destinations,
    discovery: new Discovery({ serverName: name, outbound, names, clock, random }),
  })
  const fetchKeys = async (server: ServerName): Promise<JsonObject | undefined> => {
    const answer = await client.call(server, getServerKey, { evenIfResting: true })
    return answer.ok ? answer.value : undefined
  }
  const ring = new KeyRing({ db, clock, log: silentLogger, serverName: name, ownKeys, fetchKeys })
  const published = new PublishedKeys({ serverName: name, keys: ownKeys, clock })
  const verifier = new RequestVerifier({ serverName: name, keys: ring, onVerified: (server) => destinations.heardFrom(server) })
  const services = {
    publishedKeys: published,
    notary: new Notary({ signer, ring, published, clock }),
    clientFacts: { publicBaseUrl: `https://${host}:${port}` },
  }
  const endpoints: Endpoint<typeof services>[] = [
    echo,
    refuse,
    nested,
    getServerKeyEndpoint,
    perspectivesKeyQuery,
    bulkPerspectivesKeyQuery,
    getWellKnownServer,
  ]
  const edge = new Edge({
    endpoints,
    services,
    identify: { user: () => new MatrixError('M_UNKNOWN_TOKEN', 'nobody'), server: (request) => verifier.verify(request) },
    rates: new RateLimiter(noRates, false, clock),
    clock,
    random,
    log: silentLogger,
    metrics: new Metrics(),
    trustProxy: false,
    logAddresses: false,
  })
  const listener = await openHttpListener(
    { host: '127.0.0.1', port },
    edge.mount({ only: () => true, cors: false, socket: false }),
    testCa.issue([host]),
  )
  t.after(async () => {
    await outbound.close()
    listener.cut()
    await listener.close()
    await db.close()
  })
  return { name, client, destinations, ring }
}

function object(text: string): JsonObject {
  const parsed = parseJson(text)
  assert.ok(parsed.ok && isJsonObject(parsed.value))
  return parsed.value
}

test('a signed call arrives as what it is, whatever way leads there', async (t) => {
  const names = new FakeNames()
  const a = await homeserver(t, names, 'a.test')
  const b = await homeserver(t, names, 'b.test', { byService: true })
  const body = object('{"z":[1,{"é":"\\u0000"}],"a":null}')
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const txnId of ['1', 'with/slash and é?', '2']) {
      const answer = await from.client.call(to.name, sendTransaction, { params: { txnId }, body })
      assert.ok(answer.ok, JSON.stringify(answer))
      assert.equal(canonicalJson(answer.value), canonicalJson(Object.assign(Object.create(null), { from: from.name, txn: txnId, body })))
    }
  }
})

test("another server's errors reach our clients only by the list", async (t) => {
  const names = new FakeNames()
  const a = await homeserver(t, names, 'a.test')
  const b = await homeserver(t, names, 'b.test')
  const rows: readonly [string, string][] = [
    ['M_FORBIDDEN', '403 M_FORBIDDEN The other server does not allow it'],
    ['M_UNKNOWN_TOKEN', '502 M_UNKNOWN The other server gave no usable answer'],
  ]
  for (const [code, expected] of rows) {
    const answer = await a.client.call(b.name, queryProfile, { query: { user_id: code } })
    assert.ok(!answer.ok && answer.errcode === code)
    const error = toClientError(answer)
    assert.equal(`${error.status} ${error.code} ${error.message}`, expected)
  }
  const unknown = await a.client.call(b.name, getVersion, {})
  assert.ok(!unknown.ok && unknown.status === 404)
  assert.equal(toClientError(unknown).status, 502)
})

test('odd answers are failures, and nothing of good ones is lost', async (t) => {
  const names = new FakeNames()
  const a = await homeserver(t, names, 'a.test')
  const b = await homeserver(t, names, 'b.test')
  for (const [kind, fault] of [
    ['twice', 'malformed'],
    ['deep', 'malformed'],
    ['plain', 'malformed'],
    ['array', 'malformed'],
    ['large', 'too-large'],
  ] as const) {
    const answer = await a.client.call(b.name, odd, { params: { kind } })
    assert.equal(answer.ok ? '' : answer.fault, fault, kind)
  }
  const answer = await a.client.call(b.name, oddInArray, { params: { kind: 'array' } })
  assert.equal(answer.ok && canonicalJson(answer.value), '{"event":{"__proto__":1,"n":1.50}}')
})

test('servers that are not there are left in peace, unless somebody waits', async (t) => {
  const names = new FakeNames()
  const a = await homeserver(t, names, 'a.test')
  const gone = parseServerName(`a.test:${await freePort()}`)
  assert.ok(gone !== undefined)
  const first = await a.client.call(gone, getVersion, {})
  assert.equal(first.ok ? '' : first.fault, 'connect')
  const second = await a.client.call(gone, getVersion, {})
  assert.equal(second.ok ? '' : second.fault, 'resting')
  const third = await a.client.call(gone, getVersion, { evenIfResting: true })
  assert.equal(third.ok ? '' : third.fault, 'connect')
  assert.equal(a.destinations.failing(gone)?.failures, 1)
  assert.equal(toClientError({ ok: false, fault: 'resting', why: '' }).status, 502)
})

test('keys are vouched for, and the way to the server is told', async (t) => {
  const names = new FakeNames()
  const a = await homeserver(t, names, 'a.test')
  const b = await homeserver(t, names, 'b.test')
  const query = contract({ name: 'q', method: 'GET', path: '/_matrix/key/v2/query/{serverName}', answer: smallAnswer, signed: false })
  const answer = await a.client.call(b.name, query, { params: { serverName: a.name } })
  assert.ok(answer.ok)
  const [first] = Array.isArray(answer.value['server_keys']) ? answer.value['server_keys'] : []
  assert.ok(isJsonObject(first) && isJsonObject(first['signatures']))
  assert.deepEqual(Object.keys(first['signatures']).sort(), [a.name, b.name].sort())
  const bulk = contract({ name: 'q', method: 'POST', path: '/_matrix/key/v2/query', answer: smallAnswer, signed: false })
  const many = await a.client.call(b.name, bulk, { body: object(`{"server_keys":{"${a.name}":{},"${b.name}":{},"gone.invalid":{}}}`) })
  assert.ok(many.ok && Array.isArray(many.value['server_keys']))
  assert.equal(many.value['server_keys'].length, 2)
  const wellKnown = contract({ name: 'w', method: 'GET', path: '/.well-known/matrix/server', answer: smallAnswer, signed: false })
  const way = await a.client.call(b.name, wellKnown, {})
  assert.equal(way.ok && way.value['m.server'], b.name)
})
