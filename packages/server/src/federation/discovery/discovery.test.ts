// Goal: a server is found, and must prove itself, exactly as the specification's steps say; answers are remembered as long
// as they should be, and no longer.
// Method: a table over made-up well-known files and service records; a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServerName, type ServerName } from '@causeway/events'
import { HandClock } from '../../http/edge.fixture.ts'
import { FakeNames } from '../../http/outbound/outbound.fixture.ts'
import type { OutboundRequest, OutboundResult } from '../../http/outbound/outbound-client.ts'
import { realRandom } from '../../platform/random.ts'
import { Discovery } from './discovery.ts'
import { parseHttpDate } from './http-date.ts'
import { orderServices } from './order-services.ts'

function name(text: string): ServerName {
  const parsed = parseServerName(text)
  assert.ok(parsed !== undefined, text)
  return parsed
}

class FakeWeb {
  readonly files = new Map<string, OutboundResult>()
  readonly asked: string[] = []
  wait: Promise<void> | undefined

  async request(request: OutboundRequest): Promise<OutboundResult> {
    assert.equal(request.path, '/.well-known/matrix/server')
    assert.deepEqual(request.target.addresses, [{ host: request.target.hostHeader, port: 443 }])
    this.asked.push(request.target.hostHeader)
    await this.wait
    return this.files.get(request.target.hostHeader) ?? { ok: false, fault: 'connect', why: 'refused' }
  }
  file(host: string, body: string, headers: Record<string, string> = {}, status = 200): void {
    this.files.set(host, { ok: true, status, headers, body: Buffer.from(body) })
  }
}

function world(own = 'own.test') {
  const web = new FakeWeb()
  const names = new FakeNames()
  const clock = new HandClock()
  const discovery = new Discovery({ serverName: name(own), outbound: web, names, clock, random: realRandom() })
  /** addresses | certificate | Host */
  const find = async (server: string): Promise<string | undefined> => {
    const target = await discovery.target(name(server))
    if (target === undefined) return undefined
    const addresses = target.addresses.map(({ host, port }) => `${host} ${port}`).join(', ')
    return `${addresses} | ${target.certificateName} | ${target.hostHeader}${target.onlyLoopback === true ? ' | loopback' : ''}`
  }
  return { web, names, clock, discovery, find }
}

const service = (target: string, port: number) => [{ name: target, port, priority: 1, weight: 1 }]

test('each step of the specification', async () => {
  const { web, names, find } = world()
  web.file('toip.test', '{"m.server":"1.2.3.4"}')
  web.file('toip6.test', '{"m.server":"[2001:db8::1]:99"}')
  web.file('toport.test', '{"m.server":"hs.test:1234"}')
  web.file('tosrv.test', '{"m.server":"fed.test"}')
  web.file('tooldsrv.test', '{"m.server":"oldfed.test"}')
  web.file('toname.test', '{"m.server":"plain.test","other":[1]}')
  web.file('badjson.test', '{"m.server":')
  web.file('twice.test', '{"m.server":"a.test","m.server":"b.test"}')
  web.file('badname.test', '{"m.server":"not a name"}')
  web.file('badport.test', '{"m.server":"hs.test:70000"}')
  web.file('status.test', '{"m.server":"hs.test:1234"}', {}, 404)
  web.file('again.test', '{"m.server":"toport.test"}')
  names.srv.set('_matrix-fed._tcp.fed.test', service('t1.test', 1001))
  names.srv.set('_matrix._tcp.fed.test', service('wrong.test', 1))
  names.srv.set('_matrix._tcp.oldfed.test', service('t2.test', 1002))
  names.srv.set('_matrix-fed._tcp.srv.test', service('t3.test', 1003))
  names.srv.set('_matrix._tcp.oldsrv.test', service('t4.test', 1004))
  names.srv.set('_matrix-fed._tcp.nosrv.test', service('', 0))
  const rows: readonly [string, string | undefined][] = [
    // 1
    ['1.2.3.4', '1.2.3.4 8448 | 1.2.3.4 | 1.2.3.4'],
    ['1.2.3.4:99', '1.2.3.4 99 | 1.2.3.4 | 1.2.3.4:99'],
    ['[2001:db8::5]', '2001:db8::5 8448 | 2001:db8::5 | [2001:db8::5]'],
    ['[2001:db8::5]:1', '2001:db8::5 1 | 2001:db8::5 | [2001:db8::5]:1'],
    // 2
    ['toport.test:8000', 'toport.test 8000 | toport.test | toport.test:8000'],
    ['toport.test:70000', undefined],
    // 3.1 to 3.5
    ['toip.test', '1.2.3.4 8448 | 1.2.3.4 | 1.2.3.4'],
    ['toip6.test', '2001:db8::1 99 | 2001:db8::1 | [2001:db8::1]:99'],
    ['toport.test', 'hs.test 1234 | hs.test | hs.test:1234'],
    ['tosrv.test', 't1.test 1001 | fed.test | fed.test'],
    ['tooldsrv.test', 't2.test 1002 | oldfed.test | oldfed.test'],
    ['toname.test', 'plain.test 8448 | plain.test | plain.test'],
    // one level only
    ['again.test', 'toport.test 8448 | toport.test | toport.test'],
    // 4 to 6
    ['srv.test', 't3.test 1003 | srv.test | srv.test'],
    ['oldsrv.test', 't4.test 1004 | oldsrv.test | oldsrv.test'],
    ['plain.test', 'plain.test 8448 | plain.test | plain.test'],
    ['nosrv.test', undefined],
    ...['badjson', 'twice', 'badname', 'badport', 'status'].map((bad): [string, string] => [
      `${bad}.test`,
      `${bad}.test 8448 | ${bad}.test | ${bad}.test`,
    ]),
    ['localhost', 'localhost 8448 | localhost | localhost'],
  ]
  for (const [server, expected] of rows) assert.equal(await find(server), expected, server)
  assert.ok(!web.asked.includes('localhost'))
})

test('a server called localhost stays on its machine', async () => {
  for (const own of ['localhost', 'localhost:8449']) {
    const { web, names, find } = world(own)
    assert.equal(await find('localhost:8450'), 'localhost 8450 | localhost | localhost:8450 | loopback')
    assert.equal(await find('matrix.org'), 'matrix.org 8448 | matrix.org | matrix.org | loopback')
    assert.deepEqual([web.asked, names.asked], [[], []])
  }
})

const minute = 60_000
const hour = 60 * minute

test('how long a well-known file is kept', async () => {
  const rows: readonly [Record<string, string>, number][] = [
    [{}, 24 * hour],
    [{ 'cache-control': 'max-age=3600' }, hour],
    [{ 'cache-control': 'public, Max-Age=7200' }, 2 * hour],
    [{ 'cache-control': 'max-age=9999999' }, 48 * hour],
    [{ 'cache-control': 'max-age=1' }, 5 * minute],
    [{ 'cache-control': 'no-store' }, 5 * minute],
    [{ expires: 'Thu, 01 Jan 1970 01:16:40 GMT' }, hour],
    [{ expires: '0' }, 5 * minute],
    [{ 'cache-control': 'max-age=600', expires: 'Thu, 01 Jan 1970 01:16:40 GMT' }, 10 * minute],
  ]
  for (const [headers, kept] of rows) {
    // The clock begins at 1,000 seconds.
    const { web, clock, find } = world()
    web.file('a.test', '{"m.server":"b.test:1"}', headers)
    await find('a.test')
    clock.advance(kept - 1)
    await find('a.test')
    assert.equal(web.asked.length, 1, JSON.stringify(headers))
    clock.advance(1)
    await find('a.test')
    assert.equal(web.asked.length, 2, JSON.stringify(headers))
  }
})

test('failures are kept for longer and longer, up to an hour, and do not undo what was good', async () => {
  const { web, clock, find } = world()
  for (const ms of [2, 4, 8, 16, 32, 60, 60].map((minutes) => minutes * minute)) {
    const before = web.asked.length
    await find('a.test')
    clock.advance(ms - 1)
    await find('a.test')
    assert.equal(web.asked.length, before + 1)
    clock.advance(1)
  }
  web.file('a.test', '{"m.server":"b.test:1"}', { 'cache-control': 'max-age=600' })
  assert.equal(await find('a.test'), 'b.test 1 | b.test | b.test:1')
  web.files.clear()
  clock.advance(11 * minute)
  assert.equal(await find('a.test'), 'b.test 1 | b.test | b.test:1')
  clock.advance(48 * hour)
  assert.equal(await find('a.test'), 'a.test 8448 | a.test | a.test')
  web.file('a.test', '{"m.server":"c.test:1"}')
  clock.advance(hour)
  assert.equal(await find('a.test'), 'c.test 1 | c.test | c.test:1')
  web.file('a.test', 'gone', {}, 404)
  clock.advance(24 * hour)
  assert.equal(await find('a.test'), 'a.test 8448 | a.test | a.test')
})

test('a host is asked once at a time, and again soon when it was not where it said', async () => {
  const { web, clock, discovery, find } = world()
  web.file('a.test', '{"m.server":"b.test:1"}')
  let go = (): void => undefined
  web.wait = new Promise((resolve) => (go = resolve))
  const all = Promise.all(Array.from({ length: 10 }, () => find('a.test')))
  go()
  await all
  assert.equal(web.asked.length, 1)
  discovery.doubt(name('a.test'))
  clock.advance(2 * minute)
  await find('a.test')
  assert.equal(web.asked.length, 2)
})

test('services are ordered by priority, and by weight within one', () => {
  const target = (id: string, priority: number, weight: number) => ({ name: id, port: 1, priority, weight })
  const targets = [target('c', 2, 1), target('a', 1, 0), target('b', 1, 9)]
  const first = { a: 0, b: 0 }
  for (let i = 0; i < 2_000; i++) {
    const [one, two, three] = orderServices(targets, realRandom()).map(({ name: id }) => id)
    assert.equal(three, 'c')
    if (one === 'a') first.a++
    else first.b++
    assert.equal(new Set([one, two]).size, 2)
  }
  assert.ok(first.a > 50 && first.a < 450, JSON.stringify(first))
})

test('HTTP dates', () => {
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Thu, 29 Feb 2024 00:00:00 GMT',
    'Sat, 31 Dec 1999 23:59:59 GMT',
    'Mon, 01 Mar 2100 12:00:00 GMT',
  ]) {
    assert.equal(parseHttpDate(text), Date.parse(text), text)
  }
  for (const text of ['', '0', '-1', 'Sun, 06 Foo 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT']) {
    assert.equal(parseHttpDate(text), undefined)
  }
})
