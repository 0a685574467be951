// Goal: a run's numbers are the same each time, and nothing that cuts a file short looks like success.
// Method: small files are run by the real runner; its summary is compared.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { temporaryFolder } from '../../packages/testkit/src/processes/temporary-folder.ts'

const folder = temporaryFolder('run-tests')
after(() => folder.remove())
let runs = 0

/** Runs one file with this text; gives the summary's first line, the lines after it, and the exit code. */
async function runFile(
  text: string,
  ...options: readonly string[]
): Promise<readonly [numbers: string, told: string, code: number | null]> {
  runs += 1
  const own = join(folder.path, String(runs))
  mkdirSync(own)
  const [file, summary] = [join(own, 'a.test.mjs'), join(own, 'summary')]
  writeFileSync(file, `import { suite, test } from 'node:test'\nimport assert from 'node:assert/strict'\n${text}`)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run-tests.ts'), ...options, file], {
    env: { ...env, TEST_SUMMARY: summary },
    stdio: 'ignore',
  })
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve))
  const [numbers = '', ...told] = readFileSync(summary, 'utf8').trimEnd().split('\n')
  rmSync(own, { recursive: true })
  return [numbers, told.join('\n').replaceAll(/\S*a\.test\.mjs/g, 'FILE'), code]
}

test('all results of a file that reports much at its end are counted', async () => {
  const text = `for (let n = 0; n < 400; n += 1) test('x'.repeat(2_000) + n, () => {})`
  assert.deepEqual(await runFile(text), ['400 0 0', '', 0])
})

test('tests within tests count, suites do not, and what is skipped is neither passed nor failed', async () => {
  const text = `suite('s', () => { test('a', (t) => t.test('b', () => {})); test.skip('c'); test('d', { todo: true }, () => assert(false)) })`
  assert.deepEqual(await runFile(text), ['2 0 2', '', 0])
})

test('a failure is told once, with its place and its error', async () => {
  const [numbers, told, code] = await runFile(`test('outer', (t) => t.test('inner', () => assert.fail('no luck')))`)
  assert.deepEqual([numbers, told, code], ['0 2 0', '✖ FILE:3 › inner\n    AssertionError: no luck', 1])
})

for (const [title, text, numbers] of [
  ['ends its process with success', `test('a', () => {})\ntest('b', () => process.exit(0))\ntest('c', () => {})`, '1 1 0'],
  ['has no test', ``, '1 1 0'],
] as const) {
  test(`a file that ${title} is a failure`, async () => {
    const [sum, told, code] = await runFile(text)
    assert.deepEqual([sum, code], [numbers, 1])
    assert.match(told, /^✖ FILE: \d+ tests reported, but it (had \d+|did not report its end)$/)
  })
}

test('a file that cannot be loaded is a failure, told with what it wrote', async () => {
  const [numbers, told, code] = await runFile(`throw new Error('no such thing')`)
  assert.deepEqual([numbers, code], ['0 1 0', 1])
  assert.match(told, /^✖ FILE\n[^]*no such thing/)
})

test('tests of files in one process follow each other', async () => {
  const text = `
    let running = 0
    const alone = async () => {
      running += 1
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(running, 1)
      running -= 1
    }
    suite('s', () => { for (const name of 'abc') test(name, alone) })
    for (const name of 'de') test(name, alone)`
  assert.deepEqual(await runFile(text, '--isolation', 'none', '--concurrency', '4'), ['5 0 0', '', 0])
})

test('files in one process: its end before all tests is a failure', async () => {
  assert.deepEqual(await runFile(`test('a', () => {})\ntest('b', () => {})`, '--isolation', 'none'), ['2 0 0', '', 0])
  const [, told, code] = await runFile(`test('a', () => {})\ntest('b', () => process.exit(0))`, '--isolation', 'none')
  assert.deepEqual([told, code], ['✖ the run broke off before all tests were reported', 1])
})
