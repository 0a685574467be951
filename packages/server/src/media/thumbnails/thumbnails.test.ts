// Goal: thumbnails have the right size and kind, are made once, and no image can harm the server: what is no image of a known format never
// reaches a decoder, what is too large is refused by its header, and the decoder is a process that may die (attacks M02, M03).
// Method: the real process, disk and database; images made by sharp, and headers made by hand.

import assert from 'node:assert/strict'
import { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseServerName, parseUserId } from '@causeway/events'
import sharp from 'sharp'
import type { OutboundFailure } from '../../http/outbound/outbound-client.ts'
import { WaitingRoom } from '../../http/waiting-room.ts'
import { realClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/logger.ts'
import { Metrics } from '../../platform/metrics.ts'
import { realRandom } from '../../platform/random.ts'
import { openMemory, openSqliteInline } from '../../storage/sqlite/open-sqlite.ts'
import { composeMedia } from '../compose-media.ts'
import type { StoredMedia } from '../media-library.ts'
import { readImageHeader } from './image-header.ts'
import { sizeFor } from './thumbnail-size.ts'
import type { ThumbnailWish } from './thumbnails.ts'

const nobody = {
  open: async (): Promise<OutboundFailure> => ({ ok: false, fault: 'connect', why: 'nobody is there' }),
}

interface Shown {
  readonly contentType: string
  readonly bytes: Buffer
  readonly size: readonly [width: number, height: number, frames: number]
}

interface World {
  readonly metrics: Metrics
  /** Upload, and look at a thumbnail. */
  show(image: Buffer, wish: Partial<ThumbnailWish>): Promise<Shown>
  upload(image: Buffer): Promise<StoredMedia>
  look(media: StoredMedia, wish: Partial<ThumbnailWish>): Promise<Shown>
  count(outcome: string): number
}

function world(t: TestContext): World {
  const folder = mkdtempSync(join(tmpdir(), 'media-'))
  const connection = openMemory()
  const metrics = new Metrics()
  const [serverName, alice] = [parseServerName('here'), parseUserId('@alice:here')]
  assert.ok(serverName !== undefined && alice !== undefined)
  const { uploads, mediaLibrary, thumbnails } = composeMedia({
    db: openSqliteInline(connection, setImmediate),
    clock: realClock,
    random: realRandom(),
    log: silentLogger,
    metrics,
    serverName,
    client: nobody,
    outbound: nobody,
    settings: { folder, uploadBytesMax: 1e9, userBytesMax: undefined, remoteBytesMax: 1e9, cacheBytesMax: 1e9, thumbnails: true },
  })
  t.after(() => {
    thumbnails.stop()
    connection.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const read = async (hash: string): Promise<Buffer> => {
    const file = await mediaLibrary.open(hash)
    const chunks: Uint8Array[] = []
    for await (const chunk of file.read(0, file.bytes)) chunks.push(chunk)
    await file.close()
    return Buffer.concat(chunks)
  }
  const upload = async (image: Buffer): Promise<StoredMedia> => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield image
    }
    const uri = await uploads.upload(alice, { contentType: 'image/png', fileName: undefined, body: body() })
    return mediaLibrary.find(serverName, uri.split('/').at(-1) ?? '', { timeoutMs: 0, waiting: new WaitingRoom(1) })
  }
  const look = async (media: StoredMedia, wish: Partial<ThumbnailWish>): Promise<Shown> => {
    const { hash, contentType } = await thumbnails.find(media, { width: 32, height: 32, method: 'scale', animated: false, ...wish })
    const bytes = await read(hash)
    const { width, height, pageHeight, pages = 1 } = await sharp(bytes, { animated: true }).metadata()
    return { contentType, bytes, size: [width, pageHeight ?? height, pages] }
  }
  return {
    metrics,
    upload,
    look,
    show: async (image, wish) => look(await upload(image), wish),
    count: (outcome) => Number(new RegExp(`causeway_media_thumbnails_total\\{outcome="${outcome}"\\} (\\d+)`).exec(metrics.text())?.[1]),
  }
}

function plain(width: number, height: number): ReturnType<typeof sharp> {
  return sharp({ create: { width, height, channels: 3, background: { r: 200, g: 30, b: 90 } } })
}

async function animation(frames: number, width = 200, height = 100): Promise<Buffer> {
  const pixels = Buffer.alloc(frames * width * height * 3)
  for (let frame = 0; frame < frames; frame++) pixels.fill(10 + frame * 40, frame * width * height * 3, (frame + 1) * width * height * 3)
  return sharp(pixels, { raw: { width, height: frames * height, channels: 3, pageHeight: height } })
    .gif({ delay: 20, loop: 0 })
    .toBuffer()
}

test('sizes: none smaller than asked for, none larger than the image', async (t) => {
  const { show } = world(t)
  const png = await plain(1000, 500).png().toBuffer()
  const jpeg = await plain(1000, 500).jpeg().toBuffer()
  const webp = await plain(1000, 500).webp().toBuffer()
  const cases: readonly (readonly [Buffer, Partial<ThumbnailWish>, string, Shown['size']])[] = [
    [png, { width: 32, height: 32 }, 'image/png', [32, 16, 1]],
    [png, { width: 33, height: 20 }, 'image/png', [96, 48, 1]],
    [jpeg, { width: 640, height: 480 }, 'image/jpeg', [640, 320, 1]],
    [jpeg, { width: 96, height: 96, method: 'crop' }, 'image/jpeg', [96, 96, 1]],
    [webp, { width: 300, height: 200, method: 'crop' }, 'image/png', [320, 240, 1]],
    [webp, { width: 32, height: 32, animated: true }, 'image/png', [32, 16, 1]],
    [png, { width: 1000, height: 1000 }, 'image/png', [1000, 500, 1]],
    [jpeg, { width: 5000, height: 5000 }, 'image/jpeg', [1000, 500, 1]],
    [await plain(20, 200).png().toBuffer(), { width: 90, height: 90, method: 'crop' }, 'image/png', [20, 96, 1]],
  ]
  for (const [image, wish, contentType, size] of cases) {
    const shown = await show(image, wish)
    assert.deepEqual([shown.contentType, shown.size], [contentType, size], JSON.stringify(wish))
  }
  assert.deepEqual((await show(png, { width: 2000, height: 2000 })).bytes, png)
  assert.deepEqual(sizeFor({ width: 100, height: 100 }, 'crop'), { width: 256, height: 256 })
  assert.equal(sizeFor({ width: 2000, height: 1 }, 'scale'), undefined)
})

test('a photo is turned, and says nothing of where it was made', async (t) => {
  const { show } = world(t)
  const photo = await plain(1000, 500)
    .withExif({ IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer()
  const { size, bytes } = await show(photo, { width: 96, height: 96 })
  assert.deepEqual(size, [48, 96, 1])
  assert.equal((await sharp(bytes).metadata()).exif, undefined)
})

test('animations stay only where they are wanted', async (t) => {
  const { show } = world(t)
  const gif = await animation(5)
  assert.deepEqual((await show(gif, { width: 96, height: 96, animated: true })).size, [96, 48, 5])
  assert.equal((await show(gif, { width: 96, height: 96, animated: true })).contentType, 'image/webp')
  for (const width of [32, 96, 3000]) {
    const { contentType, size } = await show(gif, { width, height: 32 })
    assert.deepEqual([contentType, size[2]], ['image/png', 1])
  }
})

test('each is made once, however many ask', async (t) => {
  const { upload, look, count } = world(t)
  const media = await upload(await plain(500, 500).png().toBuffer())
  const shown = await Promise.all(Array.from({ length: 10 }, () => look(media, {})))
  assert.equal(new Set(shown.map(({ bytes }) => bytes.toString('hex'))).size, 1)
  await look(media, {})
  assert.equal(count('made'), 1)
})

test('M02: what is not one of the formats never reaches the decoder, whatever its type says', async (t) => {
  const { show, count } = world(t)
  const tiff = await plain(100, 100).tiff().toBuffer()
  const avif = await plain(100, 100).avif().toBuffer()
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><image href="file:///etc/passwd"/></svg>'
  for (const image of [
    tiff,
    avif,
    svg,
    '%!PS-Adobe-3.0 EPSF-3.0\n',
    '8BPS\0\x01',
    '%PDF-1.7',
    'BM',
    '',
    'GIF',
    '\x89PNG\r\n\x1a\n',
    'P6 9 9 255 ',
    'push graphic-context',
  ]) {
    await assert.rejects(show(Buffer.from(image), {}), { code: 'M_UNKNOWN', status: 400 })
  }
  assert.equal(count('made') + count('failed'), 0)
  // The right first bytes and nothing sensible behind them: the decoder fails, and only that.
  const broken = await plain(500, 500).jpeg().toBuffer()
  broken.fill(0xff, 700)
  await show(broken, {}).catch(() => undefined)
  const lying = Buffer.concat([(await plain(500, 500).png().toBuffer()).subarray(0, 33), tiff])
  await assert.rejects(show(lying, {}), { code: 'M_UNKNOWN', status: 400 })
  assert.deepEqual((await show(await plain(500, 500).png().toBuffer(), {})).size, [32, 32, 1])
})

function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(45)
  header.write('\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR', 'latin1')
  header.writeUInt32BE(width, 16)
  header.writeUInt32BE(height, 20)
  header.writeUInt32BE(0x08020000, 24)
  header.write('IDAT', 37, 'latin1')
  return header
}

test('M03: what would be too large is refused by its header', async (t) => {
  const { show, count } = world(t)
  const gif = Buffer.from('GIF89a\xff\xff\xff\xff\0\0\0', 'latin1')
  const webp = Buffer.from('RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\xff\xff\xff\xff\xff', 'latin1')
  const jpeg = Buffer.from('\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0', 'latin1')
  for (const image of [pngHeader(50_000, 50_000), pngHeader(0xffffffff, 1), gif, webp, jpeg]) {
    assert.ok(readImageHeader(image) !== undefined)
    for (const width of [32, 50_000]) await assert.rejects(show(image, { width }), { code: 'M_TOO_LARGE', status: 413 })
  }
  assert.equal(count('made') + count('failed'), 0)
})

test('M03: an animation of thousands of frames is shown by its first', async (t) => {
  const { show } = world(t)
  const frame = (await animation(2, 20, 20)).toString('latin1')
  const start = frame.indexOf('\x21\xf9')
  const end = frame.lastIndexOf('\x21\xf9')
  const long = Buffer.from(frame.slice(0, start) + frame.slice(start, end).repeat(10_000) + '\x3b', 'latin1')
  const { pages } = await sharp(long, { animated: true, limitInputPixels: false }).metadata()
  assert.ok(pages !== undefined && pages > 9_000)
  assert.deepEqual((await show(long, { animated: true })).size, [20, 20, 1])
})

test('the process that makes thumbnails may die, and none is left', async (t) => {
  const { show, upload, look } = world(t)
  const killed = Promise.withResolvers<void>()
  const kill = (message: unknown): void => {
    assert.ok(typeof message === 'object' && message !== null && 'process' in message && message.process instanceof ChildProcess)
    const child = message.process
    child.once('spawn', () => {
      unsubscribe('child_process', kill)
      child.kill('SIGKILL')
      killed.resolve()
    })
  }
  subscribe('child_process', kill)
  const media = await upload(await plain(4000, 4000).png().toBuffer())
  await assert.rejects(look(media, {}), { code: 'M_UNKNOWN', status: 400 })
  await killed.promise
  assert.deepEqual((await show(await plain(500, 500).png().toBuffer(), {})).size, [32, 32, 1])
})
