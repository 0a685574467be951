// Goal: certificates of the test authority are accepted for their names and addresses, and for nothing else.
// Method: a real TLS server on loopback, real handshakes.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { createTestCa } from './test-ca.ts'

test('a peer that trusts the authority accepts its certificates for their names only', async () => {
  const ca = createTestCa()
  const identity = ca.issue(['127.0.0.1', 'hs1', '::1'])
  const server = createServer({ key: identity.key, cert: identity.certificate }, (socket) => socket.on('error', () => undefined).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(address !== null && typeof address === 'object')

  const attempt = async (trusted: string, servername: string): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port: address.port, ca: trusted, ...(servername === '' ? {} : { servername }) })
    const outcome = await Promise.race([
      once(socket, 'secureConnect').then(() => 'accepted'),
      once(socket, 'error').then(([error]) => String(error.code)),
    ]).catch((error: NodeJS.ErrnoException) => String(error.code))
    socket.on('error', () => undefined).destroy()
    return outcome
  }
  const other = createTestCa()
  assert.equal(await attempt(ca.certificate, ''), 'accepted')
  assert.equal(await attempt(ca.certificate, 'hs1'), 'accepted')
  assert.equal(await attempt(ca.certificate, 'hs2'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  assert.notEqual(await attempt(other.certificate, 'hs1'), 'accepted')
  server.close()
})
