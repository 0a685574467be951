// node tools/ci/run-tests.ts [--isolation none] [--concurrency N] [--timeout MS] FILE…: runs test files with node's runner,
// each in a process of its own unless told otherwise. A file has to end by itself and to report all of its tests; its end is
// never forced, for then the last lines of its report would be lost. TEST_SUMMARY names a file for the numbers and failures.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { Tally } from './tally.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    isolation: { type: 'string', default: 'process' },
    concurrency: { type: 'string', default: '1' },
    /** Milliseconds that one test may take. */
    timeout: { type: 'string', default: '180000' },
    /** Only tests whose names match. */
    name: { type: 'string' },
  },
})

const lingering = './watch-lingering.ts'
const shared = values.isolation === 'none'
// In one process, this is the one that must not stay open.
if (shared) await import(lingering)

const tally = new Tally(positionals, { shared })
let summed = false
// A test that ends the process itself, or an error of the runner, must not look like success.
process.on('exit', () => {
  if (!summed) process.exitCode = sumUp()
})

const events = run({
  files: positionals,
  // In one process it is not files but tests that would run side by side, and those of one world disturb each other.
  concurrency: shared ? 1 : Number(values.concurrency),
  isolation: shared ? 'none' : 'process',
  timeout: Number(values.timeout),
  ...(values.name === undefined ? {} : { testNamePatterns: values.name }),
  ...(shared ? {} : { execArgv: ['--import', join(import.meta.dirname, lingering)] }),
})
events.on('data', (event) => {
  // Node's own report tells failures at its end only, and the run may be ended before.
  tell(tally.add(event))
})
const report = events.pipe(new spec())
report.pipe(process.stdout)
report.on('end', () => {
  process.exitCode = sumUp()
})

/** Not through the console: tests that share this process may have made it silent. */
function tell(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

/** Tells what the run came to, and gives the exit code. */
function sumUp(): number {
  summed = true
  const { passed, failed, skipped, failures } = tally.sum()
  const summary = process.env['TEST_SUMMARY']
  if (summary !== undefined) writeFileSync(summary, [`${passed} ${failed} ${skipped}`, ...failures, ''].join('\n'))
  tell(['', ...failures, `${passed} passed, ${failed} failed, ${skipped} skipped in ${positionals.length} files`])
  return failed === 0 ? 0 : 1
}
