// Goal: bodies that are streams, both ways: limits hold while they arrive, sources are closed whatever happens, and half an answer never
// looks like a whole one.
// Method: real sockets; endpoints whose streams the test controls.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { HandClock, testEdge } from './edge.fixture.ts'
import { endpoint } from './endpoint.ts'
import { bodyMsMax, handlerMsMax } from './limits.ts'
import { StreamReply } from './reply.ts'

/** Bounds a wait for something that is sure to come. */
const waiting = { timeout: 60_000 }

const base = { summary: 'For a test.', limit: 'none', auth: 'none' } as const

const count = endpoint({
  ...base,
  method: 'POST',
  path: '/count',
  streamsBody: true,
  msMax: 2 * handlerMsMax,
  async handle(request) {
    let bytes = 0
    for await (const chunk of request.openBody(1_000)) bytes += chunk.byteLength
    return { bytes }
  },
})

const whole = endpoint({ ...base, method: 'POST', path: '/whole', rawBody: true, handle: ({ bodyBytes }) => ({ bytes: bodyBytes.length }) })

function source(chunks: () => AsyncGenerator<Uint8Array>, bytes: number) {
  const closed = Promise.withResolvers<void>()
  const get = endpoint({
    ...base,
    method: 'GET',
    path: '/file',
    handle: () => new StreamReply(200, ['Content-Type', 'a/b'], { bytes, chunks, close: async () => closed.resolve() }),
  })
  return { get, closed: closed.promise }
}

test('a body is limited by what it announces, and by what comes', async (t) => {
  const { send } = await testEdge(t, [count])
  assert.deepEqual((await send('POST', '/count', { body: 'x'.repeat(1_000) })).json, { bytes: 1_000 })
  assert.deepEqual((await send('POST', '/count')).json, { bytes: 0 })
  assert.equal((await send('POST', '/count', { body: 'x'.repeat(1_001) })).json['errcode'], 'M_TOO_LARGE')
  const chunked = { body: 'x'.repeat(1_001), headers: { 'transfer-encoding': 'chunked' } }
  assert.equal((await send('POST', '/count', chunked)).json['errcode'], 'M_TOO_LARGE')
  assert.equal((await send('POST', '/count', { body: 'x', headers: { 'content-encoding': 'gzip' } })).status, 415)
})

test('a body that is read as a whole has less time than one that is a stream', async (t) => {
  const clock = new HandClock()
  const { listener, edge } = await testEdge(t, [count, whole], { clock })
  const slow = (path: string): Promise<string> => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx`)
    return once(socket, 'data').then(([data]) => {
      socket.destroy()
      return String(data).slice(9, 12)
    })
  }
  const answers: string[] = []
  const [first, second] = [slow('/whole'), slow('/count')]
  void first.then((status) => answers.push(`whole ${status}`))
  void second.then((status) => answers.push(`count ${status}`))
  await t.waitFor(() => assert.ok(edge.running === 2), waiting)
  for (let i = 0; i < 62; i++) clock.advance(1_000)
  await first
  assert.ok(clock.ms > bodyMsMax)
  assert.deepEqual(answers, ['whole 504'])
  for (let i = 0; i < 302; i++) clock.advance(1_000)
  await second
  assert.deepEqual(answers, ['whole 504', 'count 504'])
})

test('a file is sent with its length, for HEAD without its bytes, and its source is closed', async (t) => {
  async function* two(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one ')
    yield Buffer.from('two')
  }
  const { get, closed } = source(two, 7)
  const { send } = await testEdge(t, [get])
  const answer = await send('GET', '/file')
  assert.deepEqual([answer.text, answer.headers['content-length'], answer.headers['access-control-allow-origin']], ['one two', '7', '*'])
  await closed
  const head = await send('HEAD', '/file')
  assert.deepEqual([head.text, head.headers['content-length']], ['', '7'])
})

test('a source that fails cuts the connection', async (t) => {
  async function* half(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half')
    throw new Error('the disk is gone')
  }
  const { get, closed } = source(half, 7)
  const { send, log } = await testEdge(t, [get])
  await assert.rejects(send('GET', '/file'))
  await closed
  assert.ok(log.some(({ level, message }) => level === 'warn' && message === 'an answer was cut off'))
})

test('a reader that leaves, or never reads, ends the source', async (t) => {
  const clock = new HandClock()
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(100_000)
  }
  const begun = Promise.withResolvers<void>()
  const leaving = source(async function* () {
    begun.resolve()
    yield* endless()
  }, 1e12)
  const first = await testEdge(t, [leaving.get])
  const client = new AbortController()
  const answer = first.send('GET', '/file', { signal: client.signal })
  void begun.promise.then(() => client.abort())
  await assert.rejects(answer)
  await leaving.closed

  const idle = source(endless, 1e12)
  const second = await testEdge(t, [idle.get], { clock })
  const socket = connect(second.listener.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  socket.write('GET /file HTTP/1.1\r\nHost: x\r\n\r\n')
  await t.waitFor(() => assert.equal(second.edge.running, 1), waiting)
  for (let i = 0; i < 182; i++) clock.advance(1_000)
  await idle.closed
  socket.destroy()
})
