// Goal: a file is there as long as something refers to it, whatever is removed and uploaded at the same time; and gone afterwards.
// Method: the real folder and both databases; uploads and removals of the same content, started together, many times.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BlobFolder } from '../platform/blob-folder.ts'
import { realClock } from '../platform/clock.ts'
import { realRandom } from '../platform/random.ts'
import { onEachDatabase } from '../storage/databases.fixture.ts'
import { releaseFile } from '../storage/tables/media-files.ts'
import { MediaFiles } from './media-files.ts'

async function* content(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('the same in every upload')
}

onEachDatabase('a file that is removed and uploaded at the same time', async (t, place) => {
  const path = mkdtempSync(join(tmpdir(), 'media-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  const db = await place.open()
  t.after(() => db.close())
  const folder = new BlobFolder(path, realRandom())
  const clock = { ...realClock, sleep: () => realClock.sleep(1) }
  const files = new MediaFiles({ db, clock, folder })

  const upload = async (): Promise<string> => {
    const received = await files.receive(content())
    assert.equal(await files.keep(received, { steps: [] }), undefined)
    await received.discard()
    return received.hash
  }
  const release = async (hash: string): Promise<void> => {
    await db.commit({ steps: [{ query: releaseFile(hash, clock.now()) }] })
    await files.removeUnused(hash)
  }

  const hash = await upload()
  for (let round = 0; round < 30; round++) {
    // One reference here; on the way there may be none, one or two.
    await Promise.all([release(hash), upload(), upload().then(release)])
    assert.ok(await files.has(hash), `round ${round}`)
    if (round % 2 === 0) continue
    await release(hash)
    assert.ok(!(await files.has(hash)), `round ${round}`)
    await upload()
  }
  await release(hash)
  assert.deepEqual(readdirSync(join(path, 'incoming')), [])
  assert.deepEqual(
    readdirSync(join(path, 'files'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
    [],
  )
})
