// Goal: what the edge promises every handler and every client, over real sockets.
// Method: a few endpoints, each with one trait; requests written exactly as a client or an attacker would.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MatrixError } from '../errors.ts'
import { HandClock, testEdge } from './edge.fixture.ts'
import { endpoint } from './endpoint.ts'
import { jsonReply } from './reply.ts'
import { Type } from './type.ts'

const base = { summary: 'For a test.', limit: 'read' } as const

const open = endpoint({ ...base, method: 'GET', path: '/open/{x}', auth: 'none', handle: ({ params }) => ({ x: params.x }) })
const mine = endpoint({ ...base, method: 'GET', path: '/mine', auth: 'user', handle: ({ caller }) => ({ user: caller.userId }) })
const maybe = endpoint({
  ...base,
  method: 'GET',
  path: '/maybe',
  auth: 'optional',
  handle: ({ caller }) => ({ user: caller?.userId ?? null }),
})
const admin = endpoint({ ...base, method: 'GET', path: '/admin', auth: 'admin', handle: ({ caller }) => ({ user: caller.userId }) })
const signed = endpoint({
  ...base,
  method: 'PUT',
  path: '/signed',
  auth: 'server',
  rawBody: true,
  handle: ({ caller, bodyBytes }) => ({ server: caller.serverName, bytes: bodyBytes.length }),
})
const put = endpoint({
  ...base,
  method: 'PUT',
  path: '/rooms/{roomId}/say/{txnId}',
  auth: 'user',
  body: Type.Object({ body: Type.String({ maxLength: 5 }), nested: Type.Optional(Type.Object({ n: Type.Integer() })) }),
  bodyBytesMax: 4096,
  handle: ({ params, body }) => ({ roomId: params.roomId, txnId: params.txnId, body: body.body, all: body }),
})
const list = endpoint({
  ...base,
  method: 'GET',
  path: '/list',
  auth: 'none',
  query: Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    dir: Type.Union([Type.Literal('b'), Type.Literal('f')]),
    full: Type.Optional(Type.Boolean()),
    via: Type.Optional(Type.Array(Type.String())),
  }),
  handle: ({ query }) => ({ ...query }),
})
const broken = endpoint({
  ...base,
  method: 'GET',
  path: '/broken',
  auth: 'none',
  handle: () => {
    throw new TypeError('secret detail')
  },
})
const refused = endpoint({
  ...base,
  method: 'GET',
  path: '/refused',
  auth: 'none',
  handle: () => {
    throw new MatrixError('M_FORBIDDEN', 'no', { extra: { soft_logout: true } })
  },
})
const few = endpoint({ ...base, limit: 'login', method: 'GET', path: '/few', auth: 'optional', handle: () => ({}) })
const text = endpoint({ ...base, method: 'GET', path: '/text', auth: 'none', handle: () => jsonReply('{"é":1}', 201) })

const all = [open, mine, maybe, admin, signed, put, list, broken, refused, few, text]
const alice = { Authorization: 'Bearer token-of-alice' }

test('callers: each kind of auth lets in whom it says', async (t) => {
  const { send } = await testEdge(t, all)
  const cases: [path: string, headers: Record<string, string>, status: number, answer: unknown][] = [
    ['/open/1', { Authorization: 'Bearer nonsense' }, 200, { x: '1' }],
    ['/mine', {}, 401, 'M_MISSING_TOKEN'],
    ['/mine', { Authorization: 'Basic x' }, 401, 'M_MISSING_TOKEN'],
    ['/mine', { Authorization: 'Bearer nonsense' }, 401, 'M_UNKNOWN_TOKEN'],
    ['/mine', alice, 200, { user: '@alice:here' }],
    ['/mine?access_token=token-of-bob', {}, 200, { user: '@bob:here' }],
    ['/mine?access_token=token-of-bob', alice, 200, { user: '@alice:here' }],
    ['/maybe', {}, 200, { user: null }],
    ['/maybe', { Authorization: 'Bearer nonsense' }, 401, 'M_UNKNOWN_TOKEN'],
    ['/admin', alice, 403, 'M_FORBIDDEN'],
    ['/admin', { Authorization: 'bearer token-of-root' }, 200, { user: '@root:here' }],
  ]
  for (const [path, headers, status, answer] of cases) {
    const got = await send('GET', path, { headers })
    assert.equal(got.status, status, path)
    assert.deepEqual(typeof answer === 'string' ? got.json['errcode'] : got.json, answer, path)
  }
  const server = await send('PUT', '/signed', { headers: { Authorization: 'X-Matrix origin=there' }, body: '{"a":1}' })
  assert.deepEqual(server.json, { server: 'there', bytes: 7 })
  assert.equal((await send('PUT', '/signed', { body: '{}' })).json['errcode'], 'M_UNAUTHORIZED')
})

test('paths are compared byte for byte', async (t) => {
  const { send } = await testEdge(t, all)
  const nowhere = [
    '/Mine',
    '/mine/',
    '//mine',
    '/mine//',
    '/%6dine',
    '/mine%2F',
    '/./mine',
    '/open/',
    '/open/../mine',
    '/open/a/b',
    '/nothing',
    '*',
  ]
  for (const path of nowhere) {
    const { status, json, headers } = await send('GET', path, { headers: alice })
    assert.deepEqual([status, json['errcode']], [404, 'M_UNRECOGNIZED'], path)
    assert.equal(headers['access-control-allow-origin'], '*')
  }
  const wrong = await send('DELETE', '/mine')
  assert.deepEqual([wrong.status, wrong.json['errcode'], wrong.headers.allow], [405, 'M_UNRECOGNIZED', 'GET'])
  assert.deepEqual((await send('GET', '/open/a%2Fb%20%C3%A9')).json, { x: 'a/b é' })
  assert.equal((await send('GET', '/open/%ff')).json['errcode'], 'M_INVALID_PARAM')
  assert.equal((await send('GET', `/open/${'x'.repeat(1025)}`)).json['errcode'], 'M_INVALID_PARAM')
})

test('a browser may ask before it calls, and may read every answer', async (t) => {
  const { send } = await testEdge(t, all)
  const preflight = await send('OPTIONS', '/mine')
  assert.equal(preflight.status, 204)
  for (const answer of [preflight, await send('GET', '/mine'), await send('GET', '/broken'), await send('GET', '/open/1')]) {
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.match(answer.headers['access-control-allow-headers'] ?? '', /Authorization/)
    assert.match(answer.headers['access-control-allow-methods'] ?? '', /DELETE/)
  }
})

test('bodies: read, checked, and refused by the code that names what is wrong', async (t) => {
  const { send } = await testEdge(t, all)
  const path = '/rooms/!r:here/say/t1'
  const good = await send('PUT', path, { headers: alice, body: '{"body":"hi","extra":{"__proto__":1}}' })
  assert.equal(good.text, '{"roomId":"!r:here","txnId":"t1","body":"hi","all":{"body":"hi","extra":{"__proto__":1}}}')

  const deep = `{"body":"","x":${'['.repeat(1500)}${']'.repeat(1500)}}`
  const cases: [body: string | Uint8Array, status: number, code: string, error: RegExp, headers?: Record<string, string>][] = [
    ['{', 400, 'M_NOT_JSON', /JSON/],
    ['\u{feff}{}', 400, 'M_NOT_JSON', /JSON/],
    [Buffer.from([0x22, 0xff, 0x22]), 400, 'M_NOT_JSON', /UTF-8/],
    ['', 400, 'M_BAD_JSON', /^body is missing/],
    ['[]', 400, 'M_BAD_JSON', /^the body /],
    ['{"body":1}', 400, 'M_BAD_JSON', /^body /],
    ['{"body":"too long"}', 400, 'M_BAD_JSON', /^body /],
    ['{"body":"x","nested":{}}', 400, 'M_BAD_JSON', /^nested.n is missing/],
    [deep, 400, 'M_BAD_JSON', /nested too deeply/],
    [`{"body":"${'x'.repeat(4096)}"}`, 413, 'M_TOO_LARGE', /4096/],
    ['{"body":"x"}', 415, 'M_NOT_JSON', /compressed/, { 'Content-Encoding': 'gzip' }],
    ['{"body":"x"}', 415, 'M_NOT_JSON', /Content-Type/, { 'Content-Type': 'Multipart/Form-Data; boundary=x' }],
    ['{"body":"x"}', 415, 'M_NOT_JSON', /Content-Type/, { 'Content-Type': 'application/json; charset=utf-16' }],
  ]
  for (const [body, status, code, error, headers] of cases) {
    const got = await send('PUT', path, { headers: { ...alice, ...headers }, body })
    assert.deepEqual([got.status, got.json['errcode']], [status, code])
    assert.match(String(got.json['error']), error)
  }
  assert.equal((await send('PUT', '/rooms/nonsense/say/t', { headers: alice, body: '{}' })).json['errcode'], 'M_INVALID_PARAM')
  // Refused before a byte of the body is asked for: the connection ends instead of swallowing a gigabyte.
  const huge = await send('PUT', path, { headers: { ...alice, 'Content-Length': '1000000000' } })
  assert.deepEqual([huge.status, huge.headers.connection], [413, 'close'])
})

test('a body of unknown length is cut off at its limit', async (t) => {
  const { send } = await testEdge(t, all)
  const got = await send('PUT', '/rooms/!r:here/say/t1', {
    headers: { ...alice, 'Transfer-Encoding': 'chunked' },
    body: 'x'.repeat(5000),
  })
  assert.equal(got.json['errcode'], 'M_TOO_LARGE')
})

test('queries are read by their declared types', async (t) => {
  const { send } = await testEdge(t, all)
  assert.deepEqual((await send('GET', '/list?dir=b&limit=10&full=true&via=a&via=b%2B+c&unknown=1')).json, {
    dir: 'b',
    limit: 10,
    full: true,
    via: ['a', 'b+ c'],
  })
  assert.deepEqual((await send('GET', '/list?dir=f&via=one')).json, { dir: 'f', via: ['one'] })
  for (const [query, code] of [
    ['', 'M_MISSING_PARAM'],
    ['?dir=x', 'M_INVALID_PARAM'],
    ['?dir=b&limit=0', 'M_INVALID_PARAM'],
    ['?dir=b&limit=1e3', 'M_INVALID_PARAM'],
    ['?dir=b&limit=99999999999999999', 'M_INVALID_PARAM'],
    ['?dir=b&full=yes', 'M_INVALID_PARAM'],
  ] as const) {
    assert.equal((await send('GET', `/list${query}`)).json['errcode'], code, query)
  }
})

test('errors: what is told is told whole, what is not names the request only', async (t) => {
  const { send, log } = await testEdge(t, all)
  const told = await send('GET', '/refused')
  assert.deepEqual([told.status, told.json], [403, { errcode: 'M_FORBIDDEN', error: 'no', soft_logout: true }])
  const bare = await send('GET', '/broken')
  assert.equal(bare.status, 500)
  assert.equal(bare.json['errcode'], 'M_UNKNOWN')
  assert.ok(!bare.text.includes('secret'))
  const line = log.find(({ level }) => level === 'error')
  assert.ok(line !== undefined && bare.text.includes(String(line.fields['request'])))
  assert.ok(line.fields['err'] instanceof TypeError)
})

test('limits: after the burst a 429 says when to come back, and only to the one who asked', async (t) => {
  const clock = new HandClock()
  const { send } = await testEdge(t, all, { clock, trustProxy: true })
  const from = (address: string) => send('GET', '/few', { headers: { 'X-Forwarded-For': `6.6.6.6, ${address}` } })
  assert.deepEqual([(await from('1.1.1.1')).status, (await from('1.1.1.1')).status], [200, 200])
  const refusal = await from('1.1.1.1')
  assert.deepEqual([refusal.status, refusal.json['errcode'], refusal.json['retry_after_ms']], [429, 'M_LIMIT_EXCEEDED', 1000])
  assert.equal(refusal.headers['retry-after'], '1')
  assert.equal((await from('2.2.2.2')).status, 200)
  assert.equal((await send('GET', '/few', { headers: { ...alice, 'X-Forwarded-For': '1.1.1.1' } })).status, 200)
  // One network of 64 bits is one customer.
  assert.deepEqual(
    [(await from('2001:db8::1')).status, (await from('2001:db8::2')).status, (await from('2001:db8::3')).status],
    [200, 200, 429],
  )
  clock.advance(1000)
  assert.equal((await from('1.1.1.1')).status, 200)
})

test('X-Forwarded-For counts for nothing where no proxy is trusted', async (t) => {
  const { send } = await testEdge(t, all, { clock: new HandClock() })
  const forged = (n: number) => send('GET', '/few', { headers: { 'X-Forwarded-For': `1.1.1.${n}` } })
  assert.deepEqual([(await forged(1)).status, (await forged(2)).status, (await forged(3)).status], [200, 200, 429])
})

test('the log has a line for each request, without token, body or address', async (t) => {
  const { send, log, metrics } = await testEdge(t, all)
  await send('PUT', '/rooms/!r:here/say/t1', { headers: alice, body: '{"body":"hush"}' })
  const line = log.find(({ message }) => message === 'request')
  assert.ok(line !== undefined)
  assert.deepEqual(Object.keys(line.fields), ['request', 'method', 'route', 'status', 'ms'])
  assert.equal(line.fields['route'], '/rooms/{roomId}/say/{txnId}')
  assert.ok(!JSON.stringify(log).match(/token-of|hush|127\.0\.0\.1/))
  assert.match(metrics.text(), /causeway_http_requests_total\{method="PUT",route="\/rooms\/\{roomId\}\/say\/\{txnId\}",status="200"\} 1/)

  const asked = await testEdge(t, all, { logAddresses: true })
  await asked.send('GET', '/open/1')
  assert.equal(asked.log[0]?.fields['address'], '127.0.0.1')
})

test('a prepared answer keeps its status and its bytes', async (t) => {
  const { send } = await testEdge(t, all)
  const got = await send('GET', '/text')
  assert.deepEqual([got.status, got.text, got.headers['content-length']], [201, '{"é":1}', '8'])
  const head = await send('HEAD', '/text')
  assert.deepEqual([head.status, head.text], [201, ''])
})
