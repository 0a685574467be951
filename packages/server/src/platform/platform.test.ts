// Goal: the real clock, randomness, files, names, log and metrics keep what their ports promise.
// Method: the real ones; time is only waited for where waiting itself is the promise.
import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadOrMakeTlsIdentity, makeTlsIdentity } from './certificate.ts'
import { realClock } from './clock.ts'
import { createLogger } from './create-logger.ts'
import { readTextFile, writePrivateFile } from './files.ts'
import { parseHosts } from './hosts.ts'
import { openHttpListener } from './http-listener.ts'
import { Metrics } from './metrics.ts'
import { RealNames } from './names.ts'
import { realRandom } from './random.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'causeway-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('a sleep ends early when its signal aborts, and a cancelled piece of work never runs', async () => {
  const ran: string[] = []
  realClock.schedule(0, () => ran.push('cancelled'))()
  const controller = new AbortController()
  const sleeping = realClock.sleep(1_000_000_000_000, controller.signal)
  await new Promise<void>((resolve) => realClock.schedule(1, resolve))
  controller.abort()
  await sleeping
  await realClock.sleep(1_000_000, AbortSignal.abort())
  assert.deepEqual(ran, [])
})

test('tokens have their length, their alphabet, and do not repeat', () => {
  const random = realRandom()
  const tokens = Array.from({ length: 2000 }, () => random.token(20))
  assert.equal(new Set(tokens).size, 2000)
  assert.ok(tokens.every((token) => /^[A-Za-z0-9]{20}$/.test(token)))
  assert.equal(random.bytes(33).length, 33)
  const numbers = Array.from({ length: 1000 }, () => random.uint32())
  assert.ok(numbers.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32))
  assert.ok(Math.max(...numbers) > 2 ** 31)
})

test('a private file is whole, readable by its owner only, and leaves nothing beside it', async (t) => {
  const path = join(folder(t), 'key')
  assert.equal(await readTextFile(path), undefined)
  await writePrivateFile(path, 'one')
  await writePrivateFile(path, 'two')
  assert.equal(await readTextFile(path), 'two')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(path, '..')), ['key'])
  await assert.rejects(writePrivateFile(join(path, 'below'), 'x'))
})

test('names: addresses are their own, the hosts file goes first, localhost is never asked for', async () => {
  const names = new RealNames(realClock, parseHosts('# a comment\n10.0.0.1  A.example b.example # more\nnonsense c\n::2 a.example\n'))
  assert.deepEqual(await names.addresses('a.EXAMPLE'), ['10.0.0.1', '::2'])
  assert.deepEqual(await names.addresses('192.0.2.1'), ['192.0.2.1'])
  assert.deepEqual(await names.addresses('LOCALHOST'), ['127.0.0.1', '::1'])
})

test('the first start makes a certificate for the name, the next one reads it again', async (t) => {
  const at = folder(t)
  const paths = { key: join(at, 'tls.key'), certificate: join(at, 'tls.crt') }
  const identity = await loadOrMakeTlsIdentity(paths, 'matrix.example', Date.now())
  assert.deepEqual(await loadOrMakeTlsIdentity(paths, 'other.example', 0), identity)
  const listener = await openHttpListener({ host: '127.0.0.1', port: 0 }, (_request, response) => response.end('ok'), identity)
  const status = await new Promise((resolve, reject) => {
    const options = { port: listener.port, host: '127.0.0.1', servername: 'matrix.example', ca: identity.certificate, agent: false }
    request(options, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
  assert.equal(status, 200)
  await listener.close()
  rmSync(paths.key)
  await assert.rejects(loadOrMakeTlsIdentity(paths, 'x', 0), /go together/)
})

test('a self-made certificate names DNS names and addresses, and checks out against its own key', () => {
  for (const [name, shown] of [
    ['matrix.example', 'DNS:matrix.example'],
    ['192.0.2.1', 'IP Address:192.0.2.1'],
    ['2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1'],
  ] as const) {
    const now = Date.UTC(2026, 0, 2)
    const { certificate, key } = makeTlsIdentity(name, now)
    const read = new X509Certificate(certificate)
    assert.equal(read.subjectAltName, shown)
    assert.ok(read.verify(read.publicKey) && read.checkPrivateKey(createPrivateKey(key)))
    assert.deepEqual([Date.parse(read.validFrom), Date.parse(read.validTo)], [now - 86_400_000, now + 3650 * 86_400_000])
  }
  assert.equal(
    Date.parse(new X509Certificate(makeTlsIdentity('x', Date.UTC(2060, 0)).certificate).validFrom),
    Date.UTC(2060, 0) - 86_400_000,
  )
})

test('log lines: structured, with an error’s kind and causes but nothing that hangs on it', (t) => {
  const path = join(folder(t), 'log')
  const { log, flush } = createLogger({ level: 'info', format: 'json' }, openSync(path, 'w'))
  log.debug({}, 'unseen')
  const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { parameters: ['secret'], code: 'E1' })
  log.child({ request: 'r1' }).error({ err: error }, 'failed')
  flush()
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  assert.equal(lines.length, 1)
  const line = JSON.parse(lines[0] ?? '')
  assert.deepEqual([line.level, line.request, line.msg, line.err.code, line.err.cause.message], ['error', 'r1', 'failed', 'E1', 'inner'])
  assert.ok(!lines[0]?.includes('secret'))

  const text = createLogger({ level: 'info', format: 'text' }, openSync(path, 'w'))
  text.log.info({ route: '/x', ms: 1.5 }, 'request')
  assert.match(readFileSync(path, 'utf8'), /^\d\d:\d\d:\d\d\.\d{3} info {2}request {2}route=\/x {2}ms=1.5\n$/)
})

test('metrics are written in the text format of Prometheus', () => {
  const metrics = new Metrics()
  metrics.counter('a_total', 'A.', { route: '/"x"\\' }).add(2)
  metrics.gauge('b', 'B.', () => 7)
  const histogram = metrics.histogram('c', 'C.', [1, 5], { k: 'v' })
  for (const value of [0.5, 1, 3, 9]) histogram.observe(value)
  assert.equal(
    metrics.text(),
    `# HELP a_total A.
# TYPE a_total counter
a_total{route="/\\"x\\"\\\\"} 2
# HELP b B.
# TYPE b gauge
b 7
# HELP c C.
# TYPE c histogram
c_bucket{k="v",le="1"} 2
c_bucket{k="v",le="5"} 3
c_bucket{k="v",le="+Inf"} 4
c_sum{k="v"} 13.5
c_count{k="v"} 4
`,
  )
})
