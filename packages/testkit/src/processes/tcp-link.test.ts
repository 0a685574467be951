// Goal: a link carries bytes both ways until it is cut, and again after it is mended.
// Method: an HTTP server behind a link, requests through it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { HttpOrigin } from '../client/http-origin.ts'
import { openTcpLink } from './tcp-link.ts'

test('a cut link refuses what it carried before', async () => {
  const server = createServer((_request, response) => response.end('{"here":true}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(address !== null && typeof address === 'object')
  const link = await openTcpLink()
  const origin = new HttpOrigin(`http://127.0.0.1:${link.port}`)
  const ask = () => origin.request({ method: 'GET', path: '/' })

  await assert.rejects(ask(), 'nothing is behind the link yet')
  link.forwardTo(address.port)
  assert.deepEqual((await ask()).body, { here: true })
  link.cut()
  await assert.rejects(ask())
  link.mend()
  assert.deepEqual((await ask()).body, { here: true })

  origin.close()
  await link.close()
  server.close()
})
