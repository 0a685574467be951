// Goal: what users upload comes back unchanged, here and on another server, also after a restart; and nothing in a file, its name, its type
// or its URI does harm (attacks M01, M04, M05, M09, M10).
// Method: two real servers in processes of their own, real HTTP.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { folderOf } from './command.ts'
import { startPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { freePort } from '../../packages/testkit/src/processes/free-port.ts'
import { download, json, send, upload, type RawAnswer } from './media.ts'

let here: Homeserver
let there: Homeserver
let alice: MatrixClient
let mallory: MatrixClient
let bob: MatrixClient

before(async () => {
  const ca = createTestCa()
  const configuration = { 'media.max_upload_mb': 3, 'media.user_quota_mb': 20 }
  const start = (name: string): Promise<Homeserver> => startCauseway({ name, ca, configuration })
  ;[here, there] = await Promise.all([start('here'), start('there')])
  ;[alice, mallory, bob] = await Promise.all([here.registerUser('alice'), here.registerUser('mallory'), there.registerUser('bob')])
})

after(() => Promise.all([here, there].map((server) => server.dispose())))

const mediaFolder = (): string => join(folderOf(here), 'data/media')
const errcode = (answer: RawAnswer): unknown => json(answer)['errcode']

test('a file comes back as it was, with its type and name, here and over federation', async () => {
  const bytes = randomBytes(2_500_000)
  const media = await upload(alice, bytes, { type: 'image/png', name: 'a picture.png' })
  for (const reader of [alice, mallory, bob, bob]) {
    const answer = await download(reader, media)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body, bytes)
    assert.equal(answer.headers['content-type'], 'image/png')
    assert.equal(answer.headers['content-disposition'], 'inline; filename="a picture.png"')
    assert.equal(answer.headers['cross-origin-resource-policy'], 'cross-origin')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.match(String(answer.headers['content-security-policy']), /^sandbox; default-src 'none'/)
  }
  const renamed = await send(bob, 'GET', `/_matrix/client/v1/media/download/${media}/other.png`)
  assert.equal(renamed.headers['content-disposition'], 'inline; filename="other.png"')
})

test('a restart loses nothing, removes what was half there, and equal files are one file', async () => {
  const bytes = randomBytes(10_000)
  const one = await upload(alice, bytes, { type: 'text/plain' })
  const two = await upload(mallory, bytes, { type: 'image/gif' })
  assert.notEqual(one, two)
  const hash = createHash('sha256').update(bytes).digest('hex')
  assert.ok(existsSync(join(mediaFolder(), 'files', hash.slice(0, 2), hash.slice(2))))
  writeFileSync(join(mediaFolder(), 'incoming/half'), 'half')
  await here.kill()
  await here.start()
  for (const [media, type] of [
    [one, 'text/plain'],
    [two, 'image/gif'],
  ] as const) {
    const answer = await download(alice, media)
    assert.deepEqual([answer.body, answer.headers['content-type']], [bytes, type])
  }
  assert.deepEqual(readdirSync(join(mediaFolder(), 'incoming')), [])
})

test('parts of a file', async () => {
  const media = await upload(alice, Buffer.from('0123456789'), { type: 'text/plain' })
  const part = await download(alice, media, { range: 'bytes=2-4' })
  assert.deepEqual([part.status, part.body.toString(), part.headers['content-range']], [206, '234', 'bytes 2-4/10'])
  const end = await download(alice, media, { range: 'bytes=-3' })
  assert.deepEqual([end.status, end.body.toString(), end.headers['content-range']], [206, '789', 'bytes 7-9/10'])
  assert.equal((await download(alice, media, { range: 'bytes=10-' })).status, 416)
  assert.equal((await download(alice, media, { range: 'bytes=1-2,4-5' })).status, 200)
  assert.equal((await download(alice, media, { range: 'bytes=1-2', 'if-range': '"x"' })).status, 200)
  const empty = await upload(alice, Buffer.alloc(0))
  assert.deepEqual((await download(bob, empty)).body, Buffer.alloc(0))
})

test('limits: the size of a file, with and without its length, and what a user may upload in all', async () => {
  const path = '/_matrix/media/v3/upload'
  assert.equal(errcode(await send(alice, 'POST', path, { body: Buffer.alloc(3_000_001) })), 'M_TOO_LARGE')
  const chunked = { body: Buffer.alloc(3_000_001), headers: { 'transfer-encoding': 'chunked' } }
  const cut = await send(alice, 'POST', path, chunked).catch((error: unknown) => String(error))
  assert.ok(typeof cut === 'string' ? /ECONNRESET|EPIPE/.test(cut) : errcode(cut) === 'M_TOO_LARGE')
  assert.deepEqual(readdirSync(join(mediaFolder(), 'incoming')), [])
  const greedy = await here.registerUser('greedy')
  const statuses: number[] = []
  for (let i = 0; i < 8; i++) statuses.push((await send(greedy, 'POST', path, { body: Buffer.alloc(3_000_000, i) })).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 403, 403])
  assert.deepEqual(json(await send(alice, 'GET', '/_matrix/client/v1/media/config')), { 'm.upload.size': 3_000_000 })
})

test('M01: ids and server names that are paths are refused', async () => {
  const server = here.serverName
  for (const path of [
    `${server}/%2e%2e%2f%2e%2e%2fsigning.key`,
    `${server}/..%2f..%2fsigning.key`,
    `${server}/a%00b`,
    `${server}/${'a'.repeat(256)}`,
    `${server}/a.b`,
    `${server}/%C3%A4`,
    '..%2f..%2fetc/passwd',
    'a_b/abc',
  ]) {
    const answer = await download(alice, path)
    assert.deepEqual([answer.status, errcode(answer)], [400, 'M_INVALID_PARAM'], path)
  }
  // A server may be called that; it never becomes a path.
  assert.equal((await download(alice, '%2e%2e/abc')).status, 502)
  const unknown = await download(alice, `${server}/abc`)
  assert.deepEqual([unknown.status, errcode(unknown)], [404, 'M_NOT_FOUND'])
})

test('M04: nothing is read without a token, and nothing at all through the old paths', async () => {
  const media = await upload(alice, Buffer.from('x'))
  const anonymous = await send(alice, 'GET', `/_matrix/client/v1/media/download/${media}`, { anonymous: true })
  assert.deepEqual([anonymous.status, errcode(anonymous)], [401, 'M_MISSING_TOKEN'])
  for (const version of ['r0', 'v1', 'v3']) {
    for (const path of [`download/${media}`, `download/${media}/name`, `thumbnail/${media}?width=32&height=32`]) {
      const answer = await send(alice, 'GET', `/_matrix/media/${version}/${path}`)
      assert.deepEqual([answer.status, errcode(answer)], [404, 'M_NOT_FOUND'])
    }
  }
  const ofOther = await send(alice, 'GET', `/_matrix/media/v3/download/${there.serverName}/abc`)
  assert.equal(ofOther.status, 404)
  assert.equal((await send(alice, 'POST', '/_matrix/media/v3/upload', { body: Buffer.from('x'), anonymous: true })).status, 401)
})

test('M05: the media type alone decides what a browser may show', async () => {
  for (const [sent, kept, shown] of [
    ['text/html', 'text/html', 'attachment'],
    ['text/html;charset=utf-8', 'text/html;charset=utf-8', 'attachment'],
    ['image/svg+xml', 'image/svg+xml', 'attachment'],
    ['application/xml; a=image/png', 'application/xml; a=image/png', 'attachment'],
    ['Text/Plain; charset=utf-8', 'Text/Plain; charset=utf-8', 'inline'],
    ['image/png', 'image/png', 'inline'],
    ['image/png, text/html', 'application/octet-stream', 'attachment'],
    ['nonsense', 'application/octet-stream', 'attachment'],
    [undefined, 'application/octet-stream', 'attachment'],
  ] as const) {
    const media = await upload(alice, Buffer.from('<script>alert(1)</script>'), sent === undefined ? {} : { type: sent })
    for (const reader of [alice, bob]) {
      const { headers } = await download(reader, media)
      assert.deepEqual([headers['content-type'], headers['content-disposition']], [kept, shown])
      assert.match(String(headers['content-security-policy']), /^sandbox;/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  }
})

test('M09: whatever a file name holds stays within its header', async () => {
  const long = 'ä'.repeat(10_000)
  for (const [name, header] of [
    ['a\r\nSet-Cookie: x=1', 'filename="aSet-Cookie: x=1"'],
    ['a"; filename="b', "filename*=utf-8''a%22%3B%20filename%3D%22b"],
    ['a\\"b', "filename*=utf-8''a%5C%22b"],
    ['name;with;semicolons', 'filename="name;with;semicolons"'],
    ['\u202egnp.exe', "filename*=utf-8''%E2%80%AEgnp.exe"],
    ['🐔', "filename*=utf-8''%F0%9F%90%94"],
    ["it's (1)*.txt", `filename="it's (1)*.txt"`],
    ['nul\u0000', 'filename="nul"'],
  ] as const) {
    const media = await upload(alice, Buffer.from('x'), { type: 'text/plain', name })
    for (const reader of [alice, bob]) {
      assert.equal((await download(reader, media)).headers['content-disposition'], `inline; ${header}`)
    }
  }
  const media = await upload(alice, Buffer.from('x'), { type: 'text/plain', name: 'ä'.repeat(1_000) })
  assert.equal((await download(bob, media)).headers['content-disposition'], `inline; filename*=utf-8''${'%C3%A4'.repeat(255)}`)
  assert.equal((await send(alice, 'GET', `/_matrix/client/v1/media/download/${media}/${encodeURIComponent(long)}`)).status, 431)
})

test('M10: only its owner uploads to an announced URI, and only once', async () => {
  const created = json(await send(alice, 'POST', '/_matrix/media/v1/create'))
  const media = String(created['content_uri']).slice('mxc://'.length)
  const path = `/_matrix/media/v3/upload/${media}`
  const before = await send(bob, 'GET', `/_matrix/client/v1/media/download/${media}?timeout_ms=10`)
  assert.deepEqual([before.status, errcode(before)], [504, 'M_NOT_YET_UPLOADED'])
  assert.equal(errcode(await send(mallory, 'PUT', path, { body: Buffer.from('m') })), 'M_FORBIDDEN')
  assert.equal(errcode(await send(alice, 'PUT', `${path}x`, { body: Buffer.from('m') })), 'M_NOT_FOUND')
  assert.equal(errcode(await send(bob, 'PUT', path, { body: Buffer.from('m') })), 'M_NOT_FOUND')

  const waiting = [alice, bob].map((reader) => send(reader, 'GET', `/_matrix/client/v1/media/download/${media}?timeout_ms=30000`))
  const racing = await Promise.all(['a', 'b', 'c'].map((body) => send(alice, 'PUT', path, { body: Buffer.from(body) })))
  assert.deepEqual(racing.map(({ status }) => status).sort(), [200, 409, 409])
  assert.ok(racing.every((answer) => answer.status === 200 || errcode(answer) === 'M_CANNOT_OVERWRITE_MEDIA'))
  const winner = ['a', 'b', 'c'][racing.findIndex(({ status }) => status === 200)]
  for (const answer of await Promise.all(waiting)) assert.deepEqual([answer.status, answer.body.toString()], [200, winner])
  assert.equal(errcode(await send(alice, 'PUT', path, { body: Buffer.from('z') })), 'M_CANNOT_OVERWRITE_MEDIA')

  const statuses = await Promise.all(Array.from({ length: 105 }, () => send(mallory, 'POST', '/_matrix/media/v1/create')))
  assert.equal(statuses.filter(({ status }) => status === 200).length, 100)
  assert.equal(statuses.filter(({ status }) => status === 429).length, 5)
})

test('thumbnails, here and over federation; the decoder is never in the server itself', async () => {
  const image = await sharp({ create: { width: 500, height: 400, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer()
  const media = await upload(alice, image, { type: 'image/jpeg' })
  for (const reader of [alice, bob]) {
    const answer = await send(reader, 'GET', `/_matrix/client/v1/media/thumbnail/${media}?width=90&height=90&method=crop`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-disposition'], 'inline; filename="thumbnail.jpeg"')
    const { format, width, height } = await sharp(answer.body).metadata()
    assert.deepEqual([format, width, height], ['jpeg', 96, 96])
  }
  const text = await upload(alice, Buffer.from('no image'), { type: 'image/png' })
  for (const path of [
    `${text}?width=9&height=9`,
    `${media}?width=0&height=9`,
    `${media}?width=9`,
    `${media}?width=9&height=9&method=cut`,
  ]) {
    assert.equal((await send(bob, 'GET', `/_matrix/client/v1/media/thumbnail/${path}`)).status, 400, path)
  }
  const maps = `/proc/${here.pid()}/maps`
  if (existsSync(maps)) assert.doesNotMatch(readFileSync(maps, 'utf8'), /vips/)
})

test('two processes of one server share the folder: what one took, the other gives, also while somebody waits', async () => {
  const [database, ca, publicPort] = [await (await startPostgres()).createDatabase(), createTestCa(), await freePort()]
  const folder = folderOf(here)
  const servers: Homeserver[] = []
  try {
    for (const name of ['one', 'other']) {
      const configuration = {
        signing_key_file: join(folder, 'cluster.key'),
        'media.folder': join(folder, 'cluster-media'),
        'listeners.internal': `http://127.0.0.1:${await freePort()}`,
      }
      servers.push(await startCauseway({ name, ca, database, publicPort, configuration }))
    }
    const [one, other] = servers
    assert.ok(one !== undefined && other !== undefined)
    const carol = await one.registerUser('carol')
    const dave = await other.registerUser('dave')
    const media = await upload(carol, Buffer.from('shared'), { type: 'text/plain' })
    assert.equal((await download(dave, media)).body.toString(), 'shared')
    const created = json(await send(carol, 'POST', '/_matrix/media/v1/create'))
    const announced = String(created['content_uri']).slice('mxc://'.length)
    const waiting = download(dave, announced)
    assert.equal((await send(carol, 'PUT', `/_matrix/media/v3/upload/${announced}`, { body: Buffer.from('later') })).status, 200)
    assert.equal((await waiting).body.toString(), 'later')
  } finally {
    await Promise.all(servers.map((server) => server.dispose()))
  }
})
