// Goal: what the listener itself refuses, and who may open the unix socket.
// Method: bytes written by hand to a real socket, the answer read to its end.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openHttpListener } from './http-listener.ts'
import { headerBytesMax } from './limits.ts'

/** Everything that comes back for `bytes`, until the other side closes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (got += text))
    socket.on('error', reject)
    socket.on('close', () => resolve(got))
    socket.write(bytes)
  })
}

test('requests that two parsers could read differently are refused, and the connection ends', async (t) => {
  let requests = 0
  const listener = await openHttpListener({ host: '127.0.0.1', port: 0 }, (_request, response) => {
    requests++
    response.end('ok')
  })
  t.after(() => listener.close())
  const bad = [
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
    'GET / HTTP/1.1\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
  ]
  for (const bytes of bad) assert.match(await exchange(listener.port, bytes), /^HTTP\/1.1 400 .*Connection: close/s, bytes)
  const bomb = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(headerBytesMax)}\r\n\r\n`
  assert.match(await exchange(listener.port, bomb), /^HTTP\/1.1 431 /)
  assert.equal(requests, 0)
  assert.match(await exchange(listener.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 200 /)
})

test('a unix socket is for its owner only, replaces a dead one, and not a living one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'admin.sock')
  writeFileSync(path, '')
  const listener = await openHttpListener({ path, mode: 0o600 }, (_request, response) => response.end('ok'))
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(listener.url, `unix:${path}`)
  await assert.rejects(
    openHttpListener({ path, mode: 0o600 }, () => undefined),
    /another process listens/,
  )
  await listener.close()
})
