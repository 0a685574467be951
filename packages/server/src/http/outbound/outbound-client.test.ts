// Goal: the outbound client reaches exactly what it was pointed at, proves who it is, and no answer can hurt it
// (attacks D02, D03, M06).
// Method: real TLS on loopback with an authority of the test's own; names are made up.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { realClock } from '../../platform/clock.ts'
import { AddressPolicy } from './address-policy.ts'
import { OutboundClient, type OutboundRequest } from './outbound-client.ts'
import { FakeNames, loopbackRange, testCa, tlsServer } from './outbound.fixture.ts'

function client(t: TestContext, options: { readonly open?: boolean } = {}): { client: OutboundClient; names: FakeNames } {
  const names = new FakeNames()
  const policy = new AddressPolicy(options.open === false ? [] : [loopbackRange])
  const made = new OutboundClient({ clock: realClock, names, policy, trustedCa: testCa.certificate })
  t.after(() => made.close())
  return { client: made, names }
}

function get(host: string, port: number, rest: Partial<OutboundRequest> = {}): OutboundRequest {
  const target = { scheme: 'https', addresses: [{ host, port }], certificateName: host, hostHeader: `${host}:${port}` } as const
  return { target, method: 'GET', path: '/', deadlineMs: 60_000, responseBytesMax: 1_000, ...rest }
}

test('address, certificate name and Host are three things', async (t) => {
  const seen: (string | undefined)[] = []
  const server = await tlsServer(t, ['certified.test', '127.0.0.1'], (request, response) => {
    seen.push(request.headers.host)
    response.end('hello')
  })
  const { client: outbound, names } = client(t)
  names.hosts.set('elsewhere.test', ['127.0.0.1'])
  const target = {
    scheme: 'https',
    addresses: [{ host: 'elsewhere.test', port: server.port }],
    certificateName: 'certified.test',
    hostHeader: 'delegated.test:1',
  } as const
  const answer = await outbound.request({ ...get('x', 1), target })
  assert.ok(answer.ok)
  assert.equal(Buffer.from(answer.body).toString(), 'hello')
  const byAddress = await outbound.request(get('127.0.0.1', server.port))
  assert.ok(byAddress.ok)
  assert.deepEqual(seen, ['delegated.test:1', `127.0.0.1:${server.port}`])
  assert.deepEqual(server.sni, ['certified.test', false])
})

test('connections are kept, and one that died meanwhile is no failure', async (t) => {
  const server = await tlsServer(t, ['a.test'], (request, response) => {
    response.end(request.url)
    if (request.url === '/last') setImmediate(() => request.socket.destroy())
  })
  const { client: outbound, names } = client(t)
  names.hosts.set('a.test', ['127.0.0.1'])
  for (const path of ['/1', '/2', '/last', '/3', '/4']) {
    const answer = await outbound.request({ ...get('a.test', server.port, { path }) })
    assert.ok(answer.ok && Buffer.from(answer.body).toString() === path, JSON.stringify(answer))
  }
  assert.ok(server.connections() < 5)
})

test('the next address is tried when one does not answer', async (t) => {
  const server = await tlsServer(t, ['a.test'], (_request, response) => response.end('x'))
  const { client: outbound, names } = client(t)
  names.hosts.set('a.test', ['127.0.0.2', '127.0.0.1'])
  assert.ok((await outbound.request(get('a.test', server.port))).ok)
})

test('faults are values', async (t) => {
  const server = await tlsServer(t, ['a.test'], (request, response) => {
    if (request.url === '/large') response.end('x'.repeat(1_001))
    else if (request.url === '/endless') setInterval(() => response.write('x'.repeat(100)), 1).unref()
    else if (request.url === '/slow') response.write('x')
    else if (request.url === '/cut') request.socket.destroy()
    else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
    else if (request.url === '/plain') response.writeHead(302, { location: 'http://a.test/' }).end()
    else if (request.url === '/inside') response.writeHead(302, { location: 'https://10.0.0.1/' }).end()
    else response.end('x')
  })
  const silent = createTcpServer((socket) => socket.end('not http at all\n'))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const bound = silent.address()
  const silentPort = typeof bound === 'object' && bound !== null ? bound.port : 0

  const { client: outbound, names } = client(t)
  names.hosts.set('a.test', ['127.0.0.1'])
  names.hosts.set('other.test', ['127.0.0.1'])
  names.hosts.set('inside.test', ['10.0.0.1'])
  const rows: readonly [string, OutboundRequest][] = [
    ['dns', get('nowhere.test', server.port)],
    ['blocked', get('inside.test', server.port)],
    ['blocked', get('10.1.1.1', server.port)],
    ['connect', get('127.0.0.1', 1)],
    ['tls', get('other.test', server.port)],
    ['tls', get('a.test', silentPort)],
    ['too-large', get('a.test', server.port, { path: '/large' })],
    ['too-large', get('a.test', server.port, { path: '/endless' })],
    ['timeout', get('a.test', server.port, { path: '/slow', deadlineMs: 100 })],
    ['broken', get('a.test', server.port, { path: '/cut' })],
    ['redirect', get('a.test', server.port, { path: '/loop', redirectsMax: 5 })],
    ['redirect', get('a.test', server.port, { path: '/plain', redirectsMax: 5 })],
    ['blocked', get('a.test', server.port, { path: '/inside', redirectsMax: 5 })],
    ['aborted', get('a.test', server.port, { path: '/slow', signal: AbortSignal.abort() })],
  ]
  for (const [fault, request] of rows) {
    const answer = await outbound.request(request)
    assert.equal(answer.ok ? 'none' : answer.fault, fault, `${request.target.hostHeader}${request.path}: ${JSON.stringify(answer)}`)
  }
  // None of them left the client in a state in which it no longer works.
  assert.ok((await outbound.request(get('a.test', server.port))).ok)
})

test('redirects are followed only when asked for, to another host as well', async (t) => {
  const second = await tlsServer(t, ['b.test'], (request, response) => response.end(`${request.headers.host} ${request.url}`))
  const first = await tlsServer(t, ['a.test'], (_request, response) => {
    response.writeHead(307, { location: `https://b.test:${second.port}/there?x=1` }).end('gone')
  })
  const { client: outbound, names } = client(t)
  names.hosts.set('a.test', ['127.0.0.1'])
  names.hosts.set('b.test', ['127.0.0.1'])
  const unfollowed = await outbound.request(get('a.test', first.port))
  assert.equal(unfollowed.ok && unfollowed.status, 307)
  const followed = await outbound.request(get('a.test', first.port, { redirectsMax: 1 }))
  assert.equal(followed.ok && Buffer.from(followed.body).toString(), `b.test:${second.port} /there?x=1`)
})

test('loopback only: nothing else is reached, and no certificate is asked for', async (t) => {
  const server = await tlsServer(t, ['whoever.test'], (_request, response) => response.end('x'))
  const { client: outbound, names } = client(t, { open: false })
  names.hosts.set('localhost', ['127.0.0.1'])
  names.hosts.set('public.test', ['8.8.8.8'])
  const local = get('localhost', server.port)
  assert.ok((await outbound.request({ ...local, target: { ...local.target, onlyLoopback: true } })).ok)
  const strict = await outbound.request(local)
  assert.equal(strict.ok ? '' : strict.fault, 'blocked')
  const away = get('public.test', 443)
  const refused = await outbound.request({ ...away, target: { ...away.target, onlyLoopback: true } })
  assert.equal(refused.ok ? '' : refused.fault, 'blocked')
})

test('a stream that is left early frees its place', async (t) => {
  const server = await tlsServer(t, ['a.test'], (_request, response) => {
    response.write('first')
    setInterval(() => response.write('more'), 5).unref()
  })
  const { client: outbound, names } = client(t)
  names.hosts.set('a.test', ['127.0.0.1'])
  for (let round = 0; round < 20; round++) {
    const answer = await outbound.open(get('a.test', server.port))
    assert.ok(answer.ok)
    for await (const chunk of answer.body) {
      assert.equal(Buffer.from(chunk).toString().slice(0, 5), 'first')
      break
    }
  }
})
