// Runs the project's own checks, tests and tools: `node tools/run.mjs test`. Any Node from 20 on can read this file; what it
// starts runs in the Node that npm brought.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync } from 'node:fs'
import files from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { continueIn, hereIsNewEnough } from '../packages/server/bin/runtime.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** @typedef {readonly string[]} Words The arguments of node. */

/** @param {string} path @param {...string} words @returns {Words} */
const bin = (path, ...words) => [join(root, 'node_modules', path), ...words]

/** @type {Record<string, Words>} */
const checks = {
  format: bin('oxfmt/bin/oxfmt', '--check', '.'),
  lint: bin('oxlint/bin/oxlint', '--deny-warnings'),
  typecheck: bin('typescript/bin/tsc', '-p', '.'),
}

/**
 * Test files that run side by side at most. Many start servers and a PostgreSQL of their own, and a machine may tell of more
 * processors than it gives.
 */
const filesAtOnceMax = 8

const unitPatterns = ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'tests/**/*.test.ts']

/** @type {Record<string, (words: Words) => Promise<number>>} */
const tasks = {
  test: async () => {
    const failed = await runAll(checks)
    const code = await runTests(unitPatterns)
    tellSummary(failed)
    return failed.length > 0 ? 1 : code
  },
  'test:unit': (words) => runTests(words.length > 0 ? words : unitPatterns),
  // In one process, so that all files share the two servers.
  'test:interop': (words) => runTests(words.length > 0 ? words : ['tests/**/*.interop.ts'], { isolation: 'none', timeout: 600_000 }),
  'test:differential': (words) => {
    const chosen = differentialSettings(words)
    if (chosen === undefined) return Promise.resolve(2)
    Object.assign(process.env, chosen)
    return runTests(['tests/differential/**/*.differential.ts'], { timeout: 86_400_000 })
  },
  'test:faults': (words) => runTests(words.length > 0 ? words : ['tests/faults/**/*.faults.ts'], { concurrency: 1, timeout: 1_800_000 }),
  // As many of the first worlds as fit into four minutes, unless it is said which.
  'test:simulation': (words) =>
    run(['tools/simulation/simulate.ts', ...(words.length > 0 ? words : ['--seconds', '220', '--seeds', '300'])]),
  'test:mutants': (words) => run(['tools/mutants/run-mutants.ts', ...words]),
  lint: (words) => run([...(checks.lint ?? []), ...words]),
  typecheck: () => run(checks.typecheck ?? []),
  format: (words) => run(bin('oxfmt/bin/oxfmt', ...(words.length > 0 ? words : ['.']))),
  docs: () => run(['packages/server/bin/causeway.mjs', 'config', 'manual'], 'docs/reference/configuration.md'),
  demo: (words) => run(['tools/demo/demo.ts', ...words]),
  bench: (words) => run(['tools/bench/bench.ts', ...words]),
}

const differentialHelp = `npm run test:differential -- [options]
  --n N              histories to compare with Synapse, over all room versions (10,000)
  --seconds S        stop making histories after this time, however many there are (180)
  --seed X           the first seed; a run prints the one that it took
  --steps N          attempts in each history (40)
  --room-version V   one room version only
SYNAPSE_PYTHON must name a Python that has Synapse: python3 -m venv V && V/bin/pip install matrix-synapse`

/** What the words ask of the comparison with Synapse, as environment; nothing when they can't be read or ask for help. @param {Words} words */
function differentialSettings(words) {
  /** @type {Record<string, string>} */
  const names = { '--n': 'HISTORIES', '--seconds': 'SECONDS', '--seed': 'SEED', '--steps': 'STEPS', '--room-version': 'ROOM_VERSION' }
  /** @type {Record<string, string>} */
  const chosen = { HISTORIES: '10000', SECONDS: words.includes('--n') ? '86400' : '180' }
  for (let at = 0; at < words.length; at += 2) {
    const name = names[words[at] ?? '']
    const value = words[at + 1]
    if (name === undefined || value === undefined || !/^[0-9]+$/.test(value)) {
      console.log(differentialHelp)
      return undefined
    }
    chosen[name] = value
  }
  return chosen
}

/** Run node with its output shown, or written to `file`. Gives the exit code. @param {Words} words @param {string} [file] @returns {Promise<number>} */
async function run(words, file) {
  const out = file === undefined ? undefined : await files.open(join(root, file), 'w')
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['inherit', out?.fd ?? 'inherit', 'inherit'] })
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) process.on(signal, () => child.kill(signal))
  const code = await new Promise((resolve) => child.on('close', (exit) => resolve(exit ?? 1)))
  await out?.close()
  return code
}

/** Run checks side by side, and show what those that fail have to say. Gives lines that tell the failures. @param {Record<string, Words>} all */
async function runAll(all) {
  const said = await Promise.all(Object.entries(all).map(([name, words]) => runQuietly(name, words)))
  return said.flat()
}

/** @param {string} name @param {Words} words @returns {Promise<string[]>} */
function runQuietly(name, words) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stdout.on('data', (text) => (said += text))
    child.stderr.on('data', (text) => (said += text))
    child.on('close', (code) => {
      console.log(`${code === 0 ? '✔' : '✖'} ${name}`)
      if (code !== 0) console.log(said)
      resolve(code === 0 ? [] : [`✖ ${name}`, ...said.trimEnd().split('\n').slice(-20)])
    })
  })
}

/** Add lines to what .ci/run shows at its end. @param {string[]} lines */
function tellSummary(lines) {
  const summary = process.env['TEST_SUMMARY']
  if (lines.length > 0) console.log(lines.join('\n'))
  if (summary !== undefined) appendFileSync(summary, lines.map((line) => `${line}\n`).join(''))
}

/**
 * Run the tests of all files that match.
 * @param {Words} patterns
 * @param {{ isolation?: 'none', concurrency?: number, timeout?: number }} [options] timeout: milliseconds that one test may take
 */
async function runTests(patterns, { isolation, concurrency = Math.min(availableParallelism(), filesAtOnceMax), timeout = 600_000 } = {}) {
  /** @type {string[]} */
  const found = []
  for (const pattern of patterns) found.push(...(await Array.fromAsync(files.glob(pattern, { cwd: root }))))
  if (found.length === 0) {
    console.log(`no tests match ${patterns.join(' ')}`)
    return 0
  }
  const options = ['--concurrency', String(concurrency), '--timeout', String(timeout)]
  if (isolation !== undefined) options.push('--isolation', isolation)
  return run(['tools/ci/run-tests.ts', ...options, ...[...new Set(found)].sort()])
}

const [name = '', ...words] = process.argv.slice(2)
const task = tasks[name]
if (task === undefined) {
  console.error(`tasks: ${Object.keys(tasks).join(', ')}`)
  process.exit(2)
} else if (!existsSync(join(root, 'node_modules'))) {
  console.error('there is no node_modules: run "npm ci"')
  process.exit(1)
} else if (hereIsNewEnough) {
  process.exit(await task(words))
} else {
  continueIn(fileURLToPath(import.meta.url), process.argv.slice(2))
}
