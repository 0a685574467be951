// Goal: every planted mistake still has its place in the source, so that `npm run test:mutants` plants what it says.
// Method: each patch on the source as it is.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { mutants } from './mutants.ts'
import { planted } from './plant.ts'

const root = new URL('../../', import.meta.url)

for (const { name, patches } of mutants) {
  test(name, () => {
    for (const patch of patches) {
      const text = readFileSync(new URL(patch.file, root), 'utf8')
      assert.notEqual(planted(text, patch), text)
    }
  })
}

test('a place that is not there, or twice, is an error', () => {
  const patch = { file: 'x.ts', find: 'a', replace: 'b' }
  assert.throws(() => planted('x', patch), /0 places/)
  assert.throws(() => planted('a a', patch), /2 places/)
})
