// Goal: what is announced and not uploaded ends, and a user's quota holds however many uploads run at once (attack M10).
// Method: both databases, the real disk, and a clock that the test moves.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseServerName, parseUserId } from '@causeway/events'
import { HandClock } from '../http/edge.fixture.ts'
import type { OutboundFailure } from '../http/outbound/outbound-client.ts'
import { WaitingRoom } from '../http/waiting-room.ts'
import { silentLogger } from '../platform/logger.ts'
import { Metrics } from '../platform/metrics.ts'
import { realRandom } from '../platform/random.ts'
import { onEachDatabase, type Place } from '../storage/databases.fixture.ts'
import { mediaUsage } from '../storage/tables/media-files.ts'
import { composeMedia } from './compose-media.ts'
import { pendingMs, unusedMsMin } from './limits.ts'

const nobody = {
  open: async (): Promise<OutboundFailure> => ({ ok: false, fault: 'connect', why: 'nobody is there' }),
}

async function world(t: TestContext, place: Place) {
  const folder = mkdtempSync(join(tmpdir(), 'media-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const db = await place.open()
  t.after(() => db.close())
  const [serverName, alice] = [parseServerName('here'), parseUserId('@alice:here')]
  assert.ok(serverName !== undefined && alice !== undefined)
  const clock = new HandClock()
  const media = composeMedia({
    db,
    clock,
    random: realRandom(),
    log: silentLogger,
    metrics: new Metrics(),
    serverName,
    client: nobody,
    outbound: nobody,
    settings: { folder, uploadBytesMax: 100, userBytesMax: 50, remoteBytesMax: 100, cacheBytesMax: 100, thumbnails: true },
  })
  const files = (): number => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
  return { ...media, db, clock, serverName, alice, files }
}

function file(text: string) {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text)
  }
  return { contentType: undefined, fileName: undefined, body: body() }
}

onEachDatabase('M10: after its time an announced URI takes nothing, and is forgotten', async (t, place) => {
  const { uploads, mediaLibrary, mediaSweeper, clock, serverName, alice } = await world(t, place)
  const { uri, expiresAt } = await uploads.create(alice)
  assert.equal(expiresAt, clock.ms + pendingMs)
  const mediaId = uri.split('/').at(-1) ?? ''
  assert.ok(await mediaLibrary.isAwaited(serverName, mediaId))
  clock.advance(pendingMs)
  await assert.rejects(uploads.uploadTo(alice, serverName, mediaId, file('x')), { code: 'M_NOT_FOUND' })
  const patience = { timeoutMs: 0, waiting: new WaitingRoom(1) }
  await assert.rejects(mediaLibrary.find(serverName, mediaId, patience), { code: 'M_NOT_FOUND' })
  await mediaSweeper.sweep(0)
  for (let i = 0; i < 100; i++) await uploads.create(alice)
  await assert.rejects(uploads.create(alice), { code: 'M_LIMIT_EXCEEDED' })
})

onEachDatabase('a quota holds however many upload at once, and what was refused leaves no file', async (t, place) => {
  const { uploads, mediaSweeper, db, clock, alice, files } = await world(t, place)
  const texts = Array.from({ length: 8 }, (_, i) => `${i} and nine.`)
  const outcomes = await Promise.allSettled(texts.map((text) => uploads.upload(alice, file(text))))
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), [...Array(4).fill('fulfilled'), ...Array(4).fill('rejected')])
  assert.deepEqual({ ...(await mediaUsage(db, alice)) }, { bytes: 44, files: 4 })
  clock.advance(unusedMsMin + 1)
  await mediaSweeper.sweep(0)
  assert.equal(files(), 4)
})
