// npm run test:simulation: plays simulated worlds, each decided by its seed, and tells which promise was broken in which.
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { knownFailures } from './known-failures.ts'
import { playSeeds } from './play-seeds.ts'

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '300' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    /** Seconds after which no further seed is begun. */
    seconds: { type: 'string', default: '1000000' },
    /** Failing seeds after which it ends. */
    failures: { type: 'string', default: '5' },
    /** Worlds in which people throw each other out of rooms all the time. */
    quarrels: { type: 'boolean', default: false },
    /** Runs for a shorter play of each failing seed. */
    shrink: { type: 'string', default: '80' },
  },
})

const failuresMax = Number(values.failures)
const played = await playSeeds({
  from: Number(values.from),
  seeds: Number(values.seeds),
  jobs: Number(values.jobs),
  ms: Number(values.seconds) * 1_000,
  failuresMax,
  shrinkRuns: Number(values.shrink),
  twiceEvery: 50,
  quarrels: values.quarrels,
  ...(values.quarrels ? {} : { known: knownFailures }),
  onReport: (report) => {
    const known = values.quarrels ? undefined : knownFailures.get(report.seed)
    if (report.findings.length === 0) return known === undefined ? undefined : console.log(`seed ${report.seed} is mended: ${known}`)
    if (known !== undefined) return console.log(`seed ${report.seed} fails, as is known: ${known}`)
    console.log(`\n✖ seed ${report.seed}`)
    if (report.lines.length > 0) console.log(report.lines.join('\n'))
    for (const finding of report.findings.slice(0, 5)) console.log(`  ${finding}`)
    console.log(`  again: npm run test:simulation -- --from ${report.seed} --seeds 1${values.quarrels ? ' --quarrels' : ''}`)
  },
})

const { seeds, ms } = played
const failed = played.failed.filter(({ seed }) => values.quarrels || !knownFailures.has(seed))
console.log(
  `\n${seeds} seeds from ${values.from} on, ${failed.length} failed, ${Math.round(ms / 1_000)} s (${Math.round(ms / Math.max(1, seeds))} ms each)`,
)
const told: string[] = []
if (failed.length > 0) {
  const byPromise = new Map<string, number[]>()
  for (const { promises, seed } of failed) {
    for (const promise of new Set(promises)) byPromise.set(promise, [...(byPromise.get(promise) ?? []), seed])
  }
  for (const [promise, of] of byPromise) told.push(`  ${promise}: ${of.join(' ')}`)
  console.log(told.join('\n'))
}
const summary = process.env['TEST_SUMMARY']
// The whole run is one test: how many seeds fit into the time depends on the machine.
if (summary !== undefined) writeFileSync(summary, [`${failed.length === 0 ? 1 : 0} ${failed.length} 0`, ...told, ''].join('\n'))
process.exit(failed.length === 0 && seeds > 0 ? 0 : 1)
