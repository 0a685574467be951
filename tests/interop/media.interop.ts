// Goal: media of each server is read through the other, byte for byte, with its type, its name and thumbnails.
// Method: upload on one server, download and look at thumbnails on the other, both ways.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import sharp from 'sharp'
import { nameIn } from '../../packages/server/src/media/content-disposition.ts'
import { essenceOf } from '../../packages/server/src/media/content-type.ts'
import { download, json, send, upload } from '../server/media.ts'
import { newUser, sharedServers } from './servers.ts'

/** Milliseconds for one of these tests, the start of the servers included. */
const testMsMax = 600_000

for (const side of ['left', 'right'] as const) {
  test(`media uploaded on the ${side}`, { timeout: testMsMax }, async () => {
    const servers = await sharedServers()
    const [alice, bob] = await Promise.all([
      newUser(servers[side], 'alice'),
      newUser(side === 'left' ? servers.right : servers.left, 'bob'),
    ])
    const bytes = randomBytes(1_000_000)
    for (const [type, name, kind] of [
      ['application/pdf', 'War and Peace.pdf', 'attachment'],
      ['image/png', '🐔 "x".png', 'inline'],
      ['text/html', undefined, 'attachment'],
    ] as const) {
      const media = await upload(alice, bytes, name === undefined ? { type } : { type, name })
      for (const reader of [alice, bob]) {
        const answer = await download(reader, media)
        assert.equal(answer.status, 200)
        assert.ok(answer.body.equals(bytes))
        assert.equal(essenceOf(answer.headers['content-type'] ?? ''), type)
        const disposition = answer.headers['content-disposition'] ?? ''
        assert.deepEqual([disposition.split(';')[0], nameIn(disposition)], [kind, name])
      }
    }
    const unknown = await download(bob, `${servers[side].serverName}/unknown`)
    assert.deepEqual([unknown.status, json(unknown)['errcode']], [404, 'M_NOT_FOUND'])
  })

  test(`thumbnails of an image on the ${side}`, { timeout: testMsMax }, async () => {
    const servers = await sharedServers()
    const [alice, bob] = await Promise.all([
      newUser(servers[side], 'alice'),
      newUser(side === 'left' ? servers.right : servers.left, 'bob'),
    ])
    const image = await sharp({ create: { width: 1000, height: 500, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    const media = await upload(alice, image, { type: 'image/png' })
    for (const reader of [alice, bob]) {
      const answer = await send(reader, 'GET', `/_matrix/client/v1/media/thumbnail/${media}?width=320&height=240&method=scale`)
      assert.equal(answer.status, 200)
      const { width, height } = await sharp(answer.body).metadata()
      assert.deepEqual([width, height], [320, 160])
    }
  })
}
