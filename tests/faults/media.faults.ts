// Goal: a file that the server acknowledged is there after it was killed, byte for byte; no file and no row is left of others.
// Method: kill -9 under uploads, at any moment, start again, read everything back and look into the folder and the database.
// FAULTS_KILLS: kills. FAULTS_SEED repeats the choices.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { folderOf } from '../server/command.ts'
import { download, upload } from '../server/media.ts'
import { seed } from './world.ts'

const kills = Number(process.env['FAULTS_KILLS'] ?? 25)

/** Milliseconds of load at most before a kill. */
const LOAD_MS_MAX = 300

/** Uploads at the same time. */
const UPLOADERS = 6

/** Bytes of a file at most. */
const BYTES_MAX = 400_000

test(`SQLite: ${kills} kills under uploads`, { timeout: 20 * 60_000 }, async () => {
  const random = new SeededRandom(seed())
  const server = await startCauseway({ name: 'kill-media', ca: createTestCa(), configuration: { 'log.level': 'warn' } })
  const data = join(folderOf(server), 'data')
  const kept = new Map<string, string>()
  try {
    const alice = await server.registerUser('alice')
    for (let round = 1; round <= kills; round += 1) {
      let killed = false
      const loads = Array.from({ length: UPLOADERS }, () => load(alice, random.fork(), kept, () => killed))
      await new Promise((resolve) => setTimeout(resolve, random.below(LOAD_MS_MAX)))
      killed = true
      await server.kill()
      await Promise.all(loads)
      await server.start()
      for (const [media, hash] of kept) {
        const answer = await download(alice, media)
        assert.equal(`${answer.status} ${sha256(answer.body)}`, `200 ${hash}`, `round ${round}, ${media}`)
      }
    }
    await server.stop()
    checkRows(data)
    console.log(`${kills} kills, ${kept.size} files`)
  } finally {
    await server.dispose()
  }
})

async function load(client: MatrixClient, random: SeededRandom, kept: Map<string, string>, killed: () => boolean): Promise<void> {
  while (!killed()) {
    // Some are equal to earlier ones.
    const bytes = Buffer.alloc(1 + random.below(4) * (BYTES_MAX / 4), random.below(5))
    try {
      kept.set(await upload(client, bytes), sha256(bytes))
    } catch (error) {
      assert.ok(killed(), String(error))
    }
  }
}

/** Each row has its file, each file its row, and each is counted as often as it is referred to. */
function checkRows(data: string): void {
  const db = new DatabaseSync(join(data, 'causeway.db'), { readOnly: true })
  const rows = db.prepare('SELECT hash, refs, (SELECT count(*) FROM media m WHERE m.hash = f.hash) AS counted FROM media_files f').all()
  const strangers = db.prepare('SELECT media_id FROM media WHERE hash NOT IN (SELECT hash FROM media_files)').all()
  db.close()
  assert.deepEqual(strangers, [])
  for (const { hash, refs, counted } of rows) assert.equal(refs, counted, String(hash))
  const files = readdirSync(join(data, 'media/files')).flatMap((shelf) =>
    readdirSync(join(data, 'media/files', shelf)).map((name) => `${shelf}${name}`),
  )
  const known = new Set(rows.map(({ hash }) => String(hash)))
  const unknown = files.filter((hash) => !known.has(hash))
  assert.deepEqual(unknown, [], 'files that nobody knows')
  const present = new Set(files)
  const without = rows.filter(({ hash, refs }) => Number(refs) > 0 && !present.has(String(hash)))
  assert.deepEqual(without, [], 'rows without their file')
  assert.deepEqual(readdirSync(join(data, 'media/incoming')), [])
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
