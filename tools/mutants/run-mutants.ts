// npm run test:mutants: plants mistakes in a copy of the server, one at a time, and plays simulated worlds until one of them notices.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { playSeeds } from '../simulation/play-seeds.ts'
import { mutants, type Mutant } from './mutants.ts'
import { copyRepository, plant } from './plant.ts'

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    /** Seeds after which a mutant is said to survive. */
    seeds: { type: 'string', default: '300' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    /** Only mutants whose name has this in it. */
    only: { type: 'string', default: '' },
  },
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-mutants-')))
const common = { ms: Number.MAX_SAFE_INTEGER, shrinkRuns: 0, twiceEvery: Number.MAX_SAFE_INTEGER, quarrels: true }

const sound = new Map<number, boolean>()

/** Does a seed keep every promise without a mistake planted? Asked only for seeds that noticed one. */
async function isSound(seed: number): Promise<boolean> {
  const known = sound.get(seed)
  if (known !== undefined) return known
  const { failed } = await playSeeds({ ...common, from: seed, seeds: 1, jobs: 1, failuresMax: 1 })
  sound.set(seed, failed.length === 0)
  return failed.length === 0
}

/** The promise that a mutant breaks, and by which seed that shows; undefined when it survives. */
async function hunt(mutant: Mutant): Promise<{ readonly promise: string; readonly seed: number } | undefined> {
  const takeOut = plant(copy, mutant)
  try {
    const from = Number(values.from)
    return (await firstAmong(mutant.seed, 1)) ?? (await firstAmong(from, Number(values.seeds)))
  } finally {
    takeOut()
  }
}

/** The first seed of some that notices what is planted. */
async function firstAmong(begin: number, seeds: number): Promise<{ readonly promise: string; readonly seed: number } | undefined> {
  for (let from = begin; from < begin + seeds;) {
    const { failed } = await playSeeds({
      ...common,
      root: copy,
      from,
      seeds: begin + seeds - from,
      jobs: Number(values.jobs),
      failuresMax: 1,
    })
    const [first] = failed
    if (first === undefined) return undefined
    const [promise] = first.promises
    // A seed that fails without the mistake too says nothing about it, whichever promise comes first.
    if (promise !== undefined && (await isSound(first.seed))) return { promise, seed: first.seed }
    from = first.seed + 1
  }
  return undefined
}

let survivors = 0
try {
  copyRepository(root, copy)
  console.log('| planted mistake | broken promise | seed |\n|---|---|---|')
  for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
    const caught = await hunt(mutant)
    if (caught === undefined) survivors += 1
    const verdict = caught === undefined ? `**survives** | none of ${values.seeds}` : `${caught.promise} | ${caught.seed}`
    console.log(`| ${mutant.name} | ${verdict} |`)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.exit(survivors === 0 ? 0 : 1)
