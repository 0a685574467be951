// Goal: a process finds its home again, and a copy of the folder is another home.
// Method: real folders.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { processHome } from './process-home.ts'
import { realRandom } from './random.ts'

test('a home keeps its name, and a copy gets another', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-home-'))
  const copy = `${folder}-copy`
  t.after(() => [folder, copy].forEach((each) => rmSync(each, { recursive: true, force: true })))
  const home = await processHome(folder, realRandom())
  assert.equal(await processHome(folder, realRandom()), home)
  cpSync(folder, copy, { recursive: true })
  assert.notEqual(await processHome(copy, realRandom()), home)
})
