// Goal: a server that lies about its files gets nothing kept here, holds nobody up, and leads requests nowhere they should not go
// (attacks M06, M07); copies are shared, and go when their quota is used up.
// Method: the real outbound client, disk and database against a scripted server with TLS on loopback.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseKeyId, parseServerName, signingKeyFromSeed, type ServerName } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { Destinations } from '../federation/client/destinations.ts'
import { FederationClient } from '../federation/client/federation-client.ts'
import { AddressPolicy } from '../http/outbound/address-policy.ts'
import { OutboundClient } from '../http/outbound/outbound-client.ts'
import { FakeNames, loopbackRange, testCa, tlsServer } from '../http/outbound/outbound.fixture.ts'
import { WaitingRoom } from '../http/waiting-room.ts'
import { realClock } from '../platform/clock.ts'
import { silentLogger } from '../platform/logger.ts'
import { Metrics } from '../platform/metrics.ts'
import { realRandom } from '../platform/random.ts'
import { openMemory, openSqliteInline } from '../storage/sqlite/open-sqlite.ts'
import { mediaUsage } from '../storage/tables/media-files.ts'
import { composeMedia, type Media } from './compose-media.ts'
import { fetchesPerServerMax } from './limits.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const patience = { timeoutMs: 0, waiting: new WaitingRoom(10) }
const bytesMax = 10_000

/** Bounds a wait for something that is sure to come. */
const waiting = { timeout: 60_000 }

function name(text: string): ServerName {
  const parsed = parseServerName(text)
  assert.ok(parsed !== undefined)
  return parsed
}

function multipart(file: string, headers = 'Content-Type: text/plain\r\n', close = '\r\n--b--'): string {
  return `--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\n${headers}\r\n${file}${close}`
}

function give(body: string, type = 'multipart/mixed; boundary=b'): Answer {
  return (response) => void response.writeHead(200, { 'content-type': type }).end(body)
}

interface World {
  readonly media: Media
  readonly evil: ServerName
  readonly folder: string
  readonly requests: string[]
  /** What the other server answers, by the last part of the path. */
  readonly answers: Map<string, Answer>
  usage(): Promise<number>
  get(mediaId: string): Promise<string>
  /** Files that are there, in their place or half. */
  files(): string[]
}

async function world(t: TestContext, options: { readonly cacheBytesMax?: number } = {}): Promise<World> {
  const answers = new Map<string, Answer>()
  const requests: string[] = []
  const server = await tlsServer(t, ['evil.test'], (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    requests.push(path)
    const answer = answers.get(path.split('/').at(-1) ?? '')
    if (answer === undefined) response.writeHead(404).end('{"errcode":"M_NOT_FOUND"}')
    else answer(response, request)
  })
  const folder = mkdtempSync(join(tmpdir(), 'media-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const names = new FakeNames()
  names.hosts.set('evil.test', ['127.0.0.1'])
  names.hosts.set('inside.test', ['10.0.0.1'])
  const outbound = new OutboundClient({
    clock: realClock,
    names,
    policy: new AddressPolicy([loopbackRange]),
    trustedCa: testCa.certificate,
  })
  t.after(() => outbound.close())
  const evil = name('evil.test')
  const target = {
    scheme: 'https',
    addresses: [{ host: 'evil.test', port: server.port }],
    certificateName: 'evil.test',
    hostHeader: 'evil.test',
  } as const
  const keyId = parseKeyId('ed25519:a')
  assert.ok(keyId !== undefined)
  const random = realRandom()
  const client = new FederationClient({
    clock: realClock,
    signer: { serverName: name('here'), key: signingKeyFromSeed(keyId, new Uint8Array(32)) },
    outbound,
    discovery: { target: async () => target, doubt: () => undefined },
    destinations: new Destinations({ clock: realClock, random }),
  })
  const connection = openMemory()
  t.after(() => connection.close())
  const db = openSqliteInline(connection, setImmediate)
  // A look at a copy within the last minute protects it: the test's clock is ahead of it.
  let ahead = 0
  const clock = { ...realClock, now: () => Date.now() + (ahead += 61_000) }
  const media = composeMedia({
    db,
    clock,
    random,
    client,
    outbound,
    log: silentLogger,
    metrics: new Metrics(),
    serverName: name('here'),
    settings: {
      folder,
      uploadBytesMax: bytesMax,
      userBytesMax: undefined,
      remoteBytesMax: bytesMax,
      cacheBytesMax: options.cacheBytesMax ?? 1e9,
      thumbnails: true,
    },
  })
  answers.set('port', (response) => void response.end(String(server.port)))
  return {
    media,
    evil,
    folder,
    requests,
    answers,
    usage: async () => (await mediaUsage(db, ''))?.bytes ?? 0,
    get: async (mediaId) => {
      const row = await media.mediaLibrary.find(evil, mediaId, patience)
      const file = await media.mediaLibrary.open(row.hash)
      const chunks: Uint8Array[] = []
      for await (const chunk of file.read(0, file.bytes)) chunks.push(chunk)
      await file.close()
      return `${row.content_type} ${row.file_name} ${Buffer.concat(chunks).toString()}`
    },
    files: () => readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
  }
}

test('a file in two parts, however they are cut up', async (t) => {
  const { answers, get } = await world(t)
  const head = 'Content-Type: Image/PNG\r\nContent-Disposition: attachment; filename="a\\"b.png"\r\n'
  answers.set('whole', give(`\r\n${multipart('the file --b \r\n--', head)}`))
  assert.equal(await get('whole'), 'Image/PNG a"b.png the file --b \r\n--')
  answers.set('slow', (response) => {
    response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="b"' })
    for (const character of multipart('x', '')) response.write(character)
    response.end()
  })
  assert.equal(await get('slow'), 'application/octet-stream null x')
})

test('all who ask at the same time share one fetch, and an absent file is not asked for again at once', async (t) => {
  const { answers, get, requests } = await world(t)
  answers.set('shared', give(multipart('s')))
  assert.deepEqual(
    await Promise.all(Array.from({ length: 20 }, () => get('shared'))),
    Array.from({ length: 20 }, () => 'text/plain null s'),
  )
  await get('shared')
  for (let i = 0; i < 3; i++) await assert.rejects(get('absent'), { code: 'M_NOT_FOUND' })
  assert.equal(requests.length, 2)
})

test('of one server only some are fetched at once, and the others have their turn', async (t) => {
  const { answers, get } = await world(t)
  let running = 0
  let most = 0
  for (let i = 0; i < 20; i++) {
    answers.set(`m${i}`, (response, request) => {
      most = Math.max(most, ++running)
      setImmediate(() => {
        running -= 1
        give(multipart(String(i)))(response, request)
      })
    })
  }
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => get(`m${i}`)))
  assert.deepEqual(
    all,
    Array.from({ length: 20 }, (_, i) => `text/plain null ${i}`),
  )
  assert.ok(most <= fetchesPerServerMax)
})

test('a server that does not know the operation is asked the old way, and no other', async (t) => {
  const { answers, get, requests } = await world(t)
  answers.set('old', (response, request) => {
    if (request.url?.startsWith('/_matrix/federation/') === true) response.writeHead(404).end('{"errcode":"M_UNRECOGNIZED"}')
    else give(`${request.headers.authorization} ${request.url?.includes('allow_remote=false')}`, 'text/plain')(response, request)
  })
  assert.equal(await get('old'), 'text/plain null undefined true')
  assert.deepEqual(requests, ['/_matrix/federation/v1/media/download/old', '/_matrix/media/v3/download/evil.test/old'])
  await assert.rejects(get('absent'), { code: 'M_NOT_FOUND' })
  assert.equal(requests.length, 3)
})

test('M07: what is not in order, too long, or not whole is not kept', async (t) => {
  const { answers, get, files, usage } = await world(t)
  const cases: readonly (readonly [string, string, Answer])[] = [
    ['plain', 'M_UNKNOWN', give('x', 'text/plain')],
    ['no-boundary', 'M_UNKNOWN', give(multipart('x'), 'multipart/mixed')],
    ['wrong-boundary', 'M_UNKNOWN', give(multipart('x'), 'multipart/mixed; boundary=c')],
    ['one-part', 'M_UNKNOWN', give('--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--')],
    ['three-parts', 'M_UNKNOWN', give(multipart('x', '\r\n', '\r\n--b\r\n\r\ny\r\n--b--'))],
    ['not-closed', 'M_UNKNOWN', give(multipart('x', '\r\n', ''))],
    ['nothing', 'M_UNKNOWN', give('')],
    ['part-length', 'M_UNKNOWN', give(multipart('xyz', 'Content-Length: 2\r\n'))],
    ['long-headers', 'M_UNKNOWN', give(multipart('x', `A: ${'a'.repeat(20_000)}\r\n`))],
    ['endless-headers', 'M_UNKNOWN', (response) => endless(response, '--b\r\n', 'a')],
    ['long-json', 'M_UNKNOWN', give(`--b\r\n\r\n${'j'.repeat(100_000)}\r\n--b\r\n\r\nx\r\n--b--`)],
    ['too-long', 'M_TOO_LARGE', give(multipart('x'.repeat(bytesMax + 1)))],
    [
      'announced-too-long',
      'M_TOO_LARGE',
      (response) =>
        void response.writeHead(200, { 'content-type': 'multipart/mixed; boundary=b', 'content-length': '999999999' }).flushHeaders(),
    ],
    ['endless', 'M_TOO_LARGE', (response) => endless(response, multipart('', '\r\n', ''), 'x')],
    [
      'cut',
      'M_UNKNOWN',
      (response) => {
        response.writeHead(200, { 'content-type': 'multipart/mixed; boundary=b', 'content-length': '500' })
        response.write(multipart('x', '\r\n', ''), () => response.destroy())
      },
    ],
    ['says-too-large', 'M_TOO_LARGE', (response) => void response.writeHead(502).end('{"errcode":"M_TOO_LARGE"}')],
    ['not-yet', 'M_NOT_YET_UPLOADED', (response) => void response.writeHead(504).end('{"errcode":"M_NOT_YET_UPLOADED"}')],
    ['forbidden', 'M_UNKNOWN', (response) => void response.writeHead(403).end('{"errcode":"M_FORBIDDEN"}')],
  ]
  for (const [mediaId, code, answer] of cases) {
    answers.set(mediaId, answer)
    await assert.rejects(
      get(mediaId),
      (error) => error instanceof MatrixError && error.code === code && [502, 504].includes(error.status),
      mediaId,
    )
    assert.deepEqual(files(), [], mediaId)
  }
  assert.equal(await usage(), 0)
})

function endless(response: ServerResponse, start: string, more: string): void {
  response.writeHead(200, { 'content-type': 'multipart/mixed; boundary=b' })
  response.write(start)
  const timer = setInterval(() => response.write(more.repeat(10_000)), 1)
  response.on('close', () => clearInterval(timer))
}

test('M06: a Location is followed only to allowed addresses, and without credentials', async (t) => {
  const { answers, get, files } = await world(t)
  answers.set('target', (response, request) => give(`from elsewhere, ${request.headers.authorization}`, 'text/plain')(response, request))
  const at = (location: string): Answer => give(multipart('', `Location: ${location}\r\n`))
  answers.set('10', (response, request) => at(`https://evil.test:${request.socket.localPort}/target`)(response, request))
  assert.equal(await get('10'), 'text/plain null from elsewhere, undefined')
  const kept = files().length
  for (const [mediaId, location] of Object.entries({
    a: 'https://10.0.0.1/x',
    b: 'https://inside.test/x',
    c: 'https://169.254.169.254/latest/meta-data',
    d: 'https://[::ffff:10.0.0.1]/x',
    e: 'https://2130706433:1/x',
    f: 'file:///etc/passwd',
    g: 'http://evil.test/x',
    h: '/relative',
    i: 'https://user:password@evil.test/x',
    j: '',
  })) {
    answers.set(mediaId, at(location))
    await assert.rejects(get(mediaId), { code: 'M_UNKNOWN', status: 502 }, location)
  }
  assert.equal(files().length, kept)
})

test('copies go when their quota is used up, the longest unused first; a copy whose file is gone is fetched again', async (t) => {
  const { answers, get, files, usage, requests, folder } = await world(t, { cacheBytesMax: 1_000 })
  for (let i = 0; i < 5; i++) {
    answers.set(`m${i}`, give(multipart(String(i).repeat(400))))
    await get(`m${i}`)
    // The removal runs beside the answer.
    await t.waitFor(async () => assert.ok((await usage()) <= 1_000), waiting)
  }
  await t.waitFor(() => assert.equal(files().length, 2), waiting)
  assert.equal(requests.length, 5)
  await get('m4')
  assert.equal(requests.length, 5)
  await get('m0')
  assert.equal(requests.length, 6)
  rmSync(join(folder, 'files'), { recursive: true })
  assert.equal(await get('m0'), `text/plain null ${'0'.repeat(400)}`)
  assert.equal(requests.length, 7)
})
